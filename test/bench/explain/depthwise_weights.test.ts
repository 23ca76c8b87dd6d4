import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { measureDepthwise, trainedRanges } from '../../../bench/explain/depthwise_weights.ts';
import { randomizeWeights, SMALL_INCEPTION, TINY } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { killChannel } from './support.ts';

describe('measureDepthwise', () => {
  before(needsTensorFlow);

  it('finds the dead channel, its α of γ/√ε, and what it costs the others', () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    killChannel(model, 'Conv2d_1_depthwise', 3);
    const { depthwise, firstDepthwise } = measureDepthwise(model);
    assert.deepEqual(
      depthwise.map(({ dead }) => dead),
      [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    const [first, second] = depthwise;
    assert.deepEqual(firstDepthwise.dead, [3]);
    assert.ok(Math.abs(firstDepthwise.alpha[3] - 1 / Math.sqrt(0.001)) < 1e-3);
    assert.equal(first.alpha.max, firstDepthwise.alpha[3]);
    assert.ok(first.liveAlpha.max < 3);
    assert.ok(first.asPublished.scale > 5 * first.option1.scale);
    assert.ok(first.asPublished.medianLevels < first.option1.medianLevels / 5);
    assert.ok(first.asPublished.medianChannelDb < first.option1.medianChannelDb - 10);
    assert.deepEqual(second.asPublished, second.option1, 'nothing is dead there');
    model.dispose();
  });

  it('gives the range of each channel, which Option 1 changes for the dead one alone', () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    killChannel(model, 'Conv2d_1_depthwise', 3);
    const { asPublished, option1 } = measureDepthwise(model).firstDepthwise;
    asPublished.forEach((range, channel) => {
      if (channel === 3) assert.ok(range.max > 5 * option1[channel].max);
      else assert.deepEqual(range, option1[channel]);
    });
    model.dispose();
  });
});

describe('trainedRanges', () => {
  before(needsTensorFlow);

  it('takes networks with and without depthwise batch norms', () => {
    for (const variant of [STANDARD, FRIENDLY]) {
      const model = buildMobileNetV1({ variant, ...TINY });
      randomizeWeights(model);
      const layers = trainedRanges(readLayersModel(model));
      assert.equal(layers.length, 13);
      assert.equal(layers[12].layer, 'Conv2d_13_depthwise');
      assert.ok(
        layers.every(({ min, max, medianLevels }) => min < 0 && max > 0 && medianLevels > 9),
      );
      model.dispose();
    }
    assert.equal(tf.getBackend(), 'tensorflow');
  });

  it('refuses a network without depthwise layers', () => {
    const model = buildNetwork(SMALL_INCEPTION);
    assert.throws(() => trainedRanges(readLayersModel(model)), {
      name: 'UserError',
      message: /^Expected a network with depthwise layers for --trained but .* has none$/,
    });
    model.dispose();
  });
});
