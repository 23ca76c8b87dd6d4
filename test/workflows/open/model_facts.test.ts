import assert from 'node:assert/strict';
import type { Preprocessing, Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { labelOffsetOn, resolutionOf } from '../../../workflows/open/model_facts.ts';
import { tf8Facts } from '../../../workflows/open/tf8_facts.ts';

const MODEL: Tf8Model = {
  name: 'network',
  input: { name: 'input', shape: [8, 8, 3], quantization: { scale: 2 / 255, zeroPoint: 128 } },
  nodes: [
    {
      name: 'pool',
      op: 'globalAveragePool',
      inputs: ['input'],
      output: { shape: [1, 1, 3], quantization: { scale: 2 / 255, zeroPoint: 128 } },
    },
  ],
  labelOffset: 1,
  classNames: ['a', 'b'],
  provenance: {
    floatModel: 'made up for a test',
    floatWeightsSha256: '',
    calibrationImages: 1,
    calibrationData: 'made up for a test',
    zeroVariance: 'keep',
  },
};

const withDataset = (dataset: string, preprocessing?: Preprocessing): Tf8Model => ({
  ...MODEL,
  ...(preprocessing && { preprocessing }),
  provenance: { ...MODEL.provenance, dataset },
});

describe('tf8Facts', () => {
  it('are what the file says', () => {
    const range = { min: 0, max: 255 };
    const { input, labels, outputs, dataset, origin } = tf8Facts(
      withDataset('imagenet', { centralFraction: 1, range }),
    );
    assert.deepEqual(input, { shape: [8, 8, 3], centralFraction: 1, range });
    assert.deepEqual(labels, { classNames: ['a', 'b'], labelOffset: 1, known: true });
    assert.deepEqual([outputs, dataset, origin.weightsSha256], [3, 'imagenet', undefined]);
  });

  it('have the preprocessing of the data set’s networks where the file, as older ones, does not say', () => {
    for (const [dataset, expected] of [
      ['imagenet', 0.875],
      ['cifar10', 1],
    ] as const) {
      const { centralFraction, range } = tf8Facts(withDataset(dataset)).input;
      assert.equal(centralFraction, expected);
      assert.deepEqual(range, { min: -1, max: 1 });
    }
    assert.equal(tf8Facts(MODEL).input.centralFraction, undefined);
  });
});

describe('labelOffsetOn', () => {
  const dataset = { classNames: ['a', 'b'] };
  const labels = { classNames: [], labelOffset: 0, known: false };

  it('is what the model says, where the outputs are the classes', () => {
    const known = { ...labels, labelOffset: 1, known: true };
    assert.equal(labelOffsetOn({ outputs: 3, labels: known }, dataset), 1);
    assert.equal(labelOffsetOn({ outputs: 2, labels: known }, dataset), undefined);
  });

  it('counts the outputs where the model does not say', () => {
    assert.equal(labelOffsetOn({ outputs: 2, labels }, dataset), 0);
    assert.equal(labelOffsetOn({ outputs: 3, labels }, dataset), 1);
    assert.equal(labelOffsetOn({ outputs: 4, labels }, dataset), undefined);
  });
});

describe('resolutionOf', () => {
  it('refuses a model that takes images of any size', () => {
    const { input } = tf8Facts(MODEL);
    assert.equal(resolutionOf({ name: 'network', facts: { input } }), 8);
    const any = { input: { ...input, shape: [null, null, 3] } };
    assert.throws(() => resolutionOf({ name: 'network', facts: any }), {
      name: 'UserError',
      message: 'Expected a model that takes images of one size but network takes [any,any,3]',
      remedy: 'Save it with the height and width of its input.',
    });
  });
});
