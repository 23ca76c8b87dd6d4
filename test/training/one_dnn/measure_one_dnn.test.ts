import assert from 'node:assert/strict';
import { STANDARD } from '../../../architectures/variants.ts';
import { measureOneDnn } from '../../../training/one_dnn/measure_one_dnn.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

const SHAPE = {
  config: {
    network: 'mobilenet_v1',
    variant: STANDARD,
    widthMultiplier: 0.25,
    resolution: 1,
    classes: 10,
  },
  batchSize: 4,
  distilled: true,
} as const;

// That it gives images per second: test/slow/measure_one_dnn.slow.ts.
describe('measureOneDnn', () => {
  before(needsTensorFlow);

  it('says why a process failed', () =>
    assert.rejects(
      measureOneDnn(SHAPE, true, AbortSignal.timeout(60_000)),
      /Expected a trial of training steps but: /,
    ));
});
