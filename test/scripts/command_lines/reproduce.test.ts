import assert from 'node:assert/strict';
import { reproduceCommandLine } from '../../../scripts/command_lines/reproduce.ts';

const OPTIONS = { dataset: 'cifar10', preset: 'standard', runsDir: 'runs' };

describe('reproduceCommandLine', () => {
  it('names what was asked for, and no folder of the machine', () => {
    assert.equal(
      reproduceCommandLine(OPTIONS),
      'npx tf8 reproduce --dataset cifar10 --preset standard',
    );
    assert.equal(
      reproduceCommandLine({
        ...OPTIONS,
        data: '/home/me/cifar',
        imagenet: '/home/me/photographs',
      }),
      'npx tf8 reproduce --dataset cifar10 --preset standard --data DIR --imagenet DIR',
    );
  });

  it('names the table and the networks of one of ways', () => {
    assert.equal(
      reproduceCommandLine({
        ...OPTIONS,
        table: 'ways',
        changes: { families: ['mobilenet_v1', 'mobilenet_v2'] },
      }),
      'npx tf8 reproduce --table ways --dataset cifar10 --preset standard --network mobilenet_v1,mobilenet_v2',
    );
    assert.equal(
      reproduceCommandLine({ ...OPTIONS, table: 'paper' }),
      'npx tf8 reproduce --dataset cifar10 --preset standard',
    );
  });

  it('tells seeds and changes', () => {
    const line = reproduceCommandLine({
      ...OPTIONS,
      seeds: [0, 1],
      changes: { networks: ['standard', 'relu'], epochs: 1, testImages: undefined },
    });
    assert.match(line, / --seeds 2 --rows standard,relu --epochs 1$/);
    assert.match(reproduceCommandLine({ ...OPTIONS, seeds: [7] }), / --seed 7$/);
  });
});
