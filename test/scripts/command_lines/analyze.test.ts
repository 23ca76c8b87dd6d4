import assert from 'node:assert/strict';
import { analyzeCommandLine } from '../../../scripts/command_lines/analyze.ts';

describe('analyzeCommandLine', () => {
  it('repeats what was given, without folders of the machine', () => {
    const options = { model: 'mobilenet_v1_1.0_224', seed: 0, tier: 'auto' } as const;
    assert.equal(
      analyzeCommandLine({ ...options, accuracy: false, runsDir: 'runs' }),
      'npx tf8 analyze mobilenet_v1_1.0_224',
    );
    assert.equal(
      analyzeCommandLine({ ...options, perClass: 2, accuracy: false, runsDir: 'runs' }),
      'npx tf8 analyze mobilenet_v1_1.0_224 --per-class 2',
    );
    assert.equal(
      analyzeCommandLine({
        ...options,
        model: 'models/friendly',
        dataset: 'cifar10',
        data: '/home/me/cifar',
        limit: 20,
        zeroVariance: 'mean',
        calibrationData: '/home/me/other',
        calibrationImages: 50,
        tier: 'wasm',
        seed: 3,
        accuracy: true,
        runsDir: 'runs',
        out: '/home/me/a.json',
      }),
      'npx tf8 analyze MODEL --dataset cifar10 --data DIR --limit 20 --zero-variance mean --calibration-data DIR --calibration-images 50 --tier wasm --seed 3 --accuracy',
    );
  });
});
