import assert from 'node:assert/strict';
import type { Preprocessing, Tf8Provenance } from '../../../quantize/model/tf8_model.ts';
import { inRangeOf, tf8CentralFraction } from '../../../workflows/open/model_input.ts';

const PROVENANCE: Tf8Provenance = {
  floatModel: 'made up for a test',
  floatWeightsSha256: '0'.repeat(64),
  calibrationImages: 1,
  calibrationData: 'made up for a test',
  zeroVariance: 'keep',
};

function preprocessing(min: number, max: number): { preprocessing: Preprocessing } {
  return { preprocessing: { centralFraction: 1, range: { min, max } } };
}

describe('tf8CentralFraction', () => {
  it('is what the model says, whatever its data set', () => {
    const provenance = { ...PROVENANCE, dataset: 'imagenet' };
    assert.equal(tf8CentralFraction({ ...preprocessing(-1, 1), provenance }), 1);
  });

  it('is that of the data set where the model, as older files, does not say', () => {
    for (const [dataset, expected] of [
      ['imagenet', 0.875],
      ['cifar10', 1],
    ] as const) {
      assert.equal(tf8CentralFraction({ provenance: { ...PROVENANCE, dataset } }), expected);
    }
    assert.equal(tf8CentralFraction({ provenance: PROVENANCE }), undefined);
  });
});

describe('inRangeOf', () => {
  it('leaves images alone for a model that takes [−1, 1], or does not say', () => {
    const images = Float32Array.of(-1, 0.5, 1);
    assert.equal(inRangeOf(preprocessing(-1, 1), images), images);
    assert.equal(inRangeOf({}, images), images);
  });

  it('maps black and white to the ends of the range that the model wants', () => {
    const images = Float32Array.of(-1, -0.5, 0, 1);
    assert.deepEqual([...inRangeOf(preprocessing(0, 1), images)], [0, 0.25, 0.5, 1]);
    assert.deepEqual([...inRangeOf(preprocessing(0, 255), images)], [0, 63.75, 127.5, 255]);
    assert.deepEqual([...images], [-1, -0.5, 0, 1]);
  });
});
