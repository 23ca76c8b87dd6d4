import assert from 'node:assert/strict';
import {
  inceptionV3Layers,
  MIN_INCEPTION_RESOLUTION,
} from '../../architectures/inception_v3_layers.ts';
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import type { NetworkLayer } from '../../architectures/network_layers.ts';
import { InvalidValueError } from '../../foundation/errors.ts';

const PAPER = { resolution: 299, classes: 1001 };

/** slim's `testBuildAndCheckAllEndPointsUptoMixed7c`, in order. */
const ENDPOINTS = {
  Conv2d_1a_3x3: [149, 149, 32],
  Conv2d_2a_3x3: [147, 147, 32],
  Conv2d_2b_3x3: [147, 147, 64],
  MaxPool_3a_3x3: [73, 73, 64],
  Conv2d_3b_1x1: [73, 73, 80],
  Conv2d_4a_3x3: [71, 71, 192],
  MaxPool_5a_3x3: [35, 35, 192],
  Mixed_5b: [35, 35, 256],
  Mixed_5c: [35, 35, 288],
  Mixed_5d: [35, 35, 288],
  Mixed_6a: [17, 17, 768],
  Mixed_6b: [17, 17, 768],
  Mixed_6c: [17, 17, 768],
  Mixed_6d: [17, 17, 768],
  Mixed_6e: [17, 17, 768],
  Mixed_7a: [8, 8, 1280],
  Mixed_7b: [8, 8, 2048],
  Mixed_7c: [8, 8, 2048],
};

const inputsOf = (layer: NetworkLayer): readonly string[] =>
  'inputs' in layer ? layer.inputs : [layer.input];

describe('inceptionV3Layers', () => {
  const { base, logits } = inceptionV3Layers(PAPER);
  const layer = (name: string) => base.find((candidate) => candidate.name === name)!;

  it('has slim’s endpoints and shapes at 299 × 299', () => {
    const endpoints = base.filter(({ name }) => !name.includes('/'));
    assert.deepEqual(
      Object.fromEntries(endpoints.map(({ name, outputShape }) => [name, outputShape])),
      ENDPOINTS,
    );
    assert.deepEqual(
      endpoints.map(({ name }) => name),
      Object.keys(ENDPOINTS),
    );
    assert.deepEqual(
      [logits.inputShape, logits.outputShape],
      [
        [1, 1, 2048],
        [1, 1, 1001],
      ],
    );
  });

  it('halves the image five times, and has 3 × 3 before logits at 150 × 150, as slim’s test has', () => {
    const end = (resolution: number) =>
      inceptionV3Layers({ ...PAPER, resolution }).base.at(-1)!.outputShape;
    assert.deepEqual(end(150), [3, 3, 2048]);
    assert.deepEqual(end(96), [1, 1, 2048]);
  });

  it('has slim’s 94 convolutions, 9 average and 4 maximum pools, and 15 concatenations', () => {
    const count = (op: NetworkLayer['op']) => base.filter((row) => row.op === op).length;
    assert.deepEqual(
      [count('conv'), count('averagePool'), count('maxPool'), count('concat')],
      [94, 9, 4, 15],
    );
  });

  it('reads only what was made before, in the shape that it was made in', () => {
    const made = new Map<string, readonly number[]>([['input', [299, 299, 3]]]);
    for (const row of base) {
      const shapes = inputsOf(row).map((name) => made.get(name));
      assert.ok(!shapes.includes(undefined), row.name);
      if (row.op === 'conv') assert.deepEqual(row.inputShape, shapes[0], row.name);
      if (row.op === 'concat') {
        const channels = shapes.reduce((sum, shape) => sum + shape![2], 0);
        for (const shape of shapes) {
          assert.deepEqual([...shape!.slice(0, 2), channels], row.outputShape, row.name);
        }
      }
      assert.ok(!made.has(row.name), `${row.name} once`);
      made.set(row.name, row.outputShape);
    }
  });

  it('joins the branches in their order, and the ends of a branch within it', () => {
    const joined = (name: string) => inputsOf(layer(name));
    assert.deepEqual(joined('Mixed_6a'), [
      'Mixed_6a/Branch_0/Conv2d_1a_1x1',
      'Mixed_6a/Branch_1/Conv2d_1a_1x1',
      'Mixed_6a/Branch_2/MaxPool_1a_3x3',
    ]);
    assert.deepEqual(joined('Mixed_7c'), [
      'Mixed_7c/Branch_0/Conv2d_0a_1x1',
      'Mixed_7c/Branch_1/concat',
      'Mixed_7c/Branch_2/concat',
      'Mixed_7c/Branch_3/Conv2d_0b_1x1',
    ]);
    const ends = ['Conv2d_0c_1x3', 'Conv2d_0d_3x1'].map((name) => `Mixed_7c/Branch_2/${name}`);
    assert.deepEqual(joined('Mixed_7c/Branch_2/concat'), ends);
    for (const end of ends) {
      assert.deepEqual(inputsOf(layer(end)), ['Mixed_7c/Branch_2/Conv2d_0b_3x3']);
    }
  });

  it('keeps slim’s names where they break its rules', () => {
    for (const [name, kernel] of [
      ['Mixed_5c/Branch_1/Conv2d_0b_1x1', [1, 1]],
      ['Mixed_5c/Branch_1/Conv_1_0c_5x5', [5, 5]],
      ['Mixed_6a/Branch_0/Conv2d_1a_1x1', [3, 3]],
      ['Mixed_6a/Branch_1/Conv2d_1a_1x1', [3, 3]],
      ['Mixed_7b/Branch_1/Conv2d_0b_3x1', [3, 1]],
      ['Mixed_7c/Branch_1/Conv2d_0c_3x1', [3, 1]],
    ] as const) {
      const row = layer(name);
      assert.ok(row?.op === 'conv', name);
      assert.deepEqual(row.kernel, kernel, name);
    }
  });

  it('has the kernels that their names say, except for those of Mixed_6a', () => {
    for (const row of base) {
      if (row.op !== 'conv' || row.name.startsWith('Mixed_6a/')) continue;
      assert.ok(row.name.endsWith(`_${row.kernel.join('x')}`), row.name);
    }
  });

  it('pads nothing in the stem but Conv2d_2b_3x3, nor where it halves the image', () => {
    const valid = base.flatMap((row) =>
      'padding' in row && row.padding === 'valid' ? [row.name] : [],
    );
    assert.deepEqual(valid, [
      'Conv2d_1a_3x3',
      'Conv2d_2a_3x3',
      'MaxPool_3a_3x3',
      'Conv2d_3b_1x1',
      'Conv2d_4a_3x3',
      'MaxPool_5a_3x3',
      'Mixed_6a/Branch_0/Conv2d_1a_1x1',
      'Mixed_6a/Branch_1/Conv2d_1a_1x1',
      'Mixed_6a/Branch_2/MaxPool_1a_3x3',
      'Mixed_7a/Branch_0/Conv2d_1a_3x3',
      'Mixed_7a/Branch_1/Conv2d_1a_3x3',
      'Mixed_7a/Branch_2/MaxPool_1a_3x3',
    ]);
  });

  it('leaves the auxiliary head out', () => {
    assert.ok(base.every(({ name }) => !name.startsWith('AuxLogits')));
  });

  it('multiplies filters by the width and keeps at least 16, as slim does', () => {
    const narrow = inceptionV3Layers({ ...PAPER, widthMultiplier: 0.3 }).base;
    const filters = (name: string) =>
      narrow.find((candidate) => candidate.name === name)!.outputShape[2];
    assert.equal(filters('Conv2d_1a_3x3'), 16); // 9.6
    assert.equal(filters('Conv2d_3b_1x1'), 24);
    assert.equal(filters('Mixed_6b/Branch_0/Conv2d_0a_1x1'), 57); // 57.6
  });

  it(`leaves one pixel at ${MIN_INCEPTION_RESOLUTION} × ${MIN_INCEPTION_RESOLUTION}`, () => {
    const { base: smallest } = inceptionV3Layers({ ...PAPER, resolution: 75 });
    assert.equal(MIN_INCEPTION_RESOLUTION, 75);
    assert.deepEqual(smallest.at(-1)!.outputShape, [1, 1, 2048]);
  });

  for (const [wrong, what] of [
    [{ resolution: 74 }, 'Expected a resolution of at least 75 pixels but received 74'],
    [{ resolution: 96.5 }, 'Expected a resolution of at least 75 pixels but received 96.5'],
    [{ classes: 1 }, 'Expected at least 2 classes but received 1'],
    [{ widthMultiplier: 0 }, 'Expected a width multiplier greater than 0 but received 0'],
  ] as const) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => inceptionV3Layers({ ...PAPER, ...wrong }), new InvalidValueError(what));
    });
  }
});

describe('costOfNetwork of InceptionV3', () => {
  const cost = costOfNetwork({ network: 'inception_v3', ...PAPER });
  const logits = 2048 * 1001 + 1001;

  it('counts the 21,802,784 parameters up to Mixed_7c that slim’s test expects', () => {
    assert.equal(cost.publishedParameters - logits, 21_802_784);
  });

  it('stores no γ: three numbers per channel of a batch norm, one of them trained', () => {
    assert.equal(cost.storedParameters, cost.publishedParameters);
    const channels = cost.layers.reduce((sum, { batchNormChannels }) => sum + batchNormChannels, 0);
    assert.equal(cost.storedParameters - cost.trainableParameters, 2 * channels);
  });

  it('counts 5.7 billion MACs', () => {
    assert.equal(cost.macs, 5_713_218_144);
  });

  it('counts the taps of kernels that are not square', () => {
    const macs = (name: string) => cost.layers.find((layer) => layer.name === name)!.macs;
    assert.equal(macs('Mixed_6c/Branch_1/Conv2d_0b_1x7'), 17 * 17 * 160 * 160 * 7);
    assert.equal(macs('Mixed_6c/Branch_1/Conv2d_0c_7x1'), 17 * 17 * 192 * 160 * 7);
  });
});
