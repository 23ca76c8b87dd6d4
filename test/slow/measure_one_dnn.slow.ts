import assert from 'node:assert/strict';
import { STANDARD } from '../../architectures/variants.ts';
import { measureOneDnn } from '../../training/one_dnn/measure_one_dnn.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const SHAPE = {
  config: {
    network: 'mobilenet_v1',
    variant: STANDARD,
    widthMultiplier: 0.25,
    resolution: 32,
    classes: 10,
  },
  batchSize: 4,
  distilled: true,
} as const;

describe('measureOneDnn', () => {
  before(needsTensorFlow);

  it('gives images per second of training steps, with oneDNN and without', async () => {
    const signal = AbortSignal.timeout(120_000);
    for (const oneDnn of [true, false]) assert.ok((await measureOneDnn(SHAPE, oneDnn, signal)) > 0);
  }).timeout(150_000);
});
