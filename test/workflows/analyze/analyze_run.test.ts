import assert from 'node:assert/strict';
import { runNameOf } from '../../../workflows/analyze/analyze_run.ts';
import { commandLine } from '../../../workflows/analyze/command_line.ts';

describe('the identity of an analysis', () => {
  it("takes the run's name from the model's, or the last part of its path", () => {
    assert.equal(runNameOf('mobilenet_v1_1.0_224'), 'analyze-mobilenet-v1-1-0-224');
    assert.equal(runNameOf('models/friendly/'), 'analyze-friendly');
    assert.equal(runNameOf('models/Other Net/model.json'), 'analyze-other-net');
    assert.equal(runNameOf('…'), 'analyze-model');
  });

  it('repeats what was given, without folders of the machine', () => {
    const options = { model: 'mobilenet_v1_1.0_224', seed: 0, tier: 'auto' } as const;
    assert.equal(
      commandLine({ ...options, accuracy: false, runsDir: 'runs' }),
      'npx tf8 analyze mobilenet_v1_1.0_224',
    );
    assert.equal(
      commandLine({ ...options, perClass: 2, accuracy: false, runsDir: 'runs' }),
      'npx tf8 analyze mobilenet_v1_1.0_224 --per-class 2',
    );
    assert.equal(
      commandLine({
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
