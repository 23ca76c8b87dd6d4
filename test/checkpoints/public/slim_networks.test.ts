import assert from 'node:assert/strict';
import { networkConfig } from '../../../architectures/network.ts';
import type { NetworkName } from '../../../architectures/registry.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import type { GraphConstant } from '../../../checkpoints/graph_def/graph_def.ts';
import { slimNetworkWeights } from '../../../checkpoints/public/slim_weights.ts';
import { UserError } from '../../../foundation/errors.ts';

/** The tensors that are looked for in a frozen graph, where there are none. */
function namesLookedFor(network: NetworkName): readonly string[] {
  const names: string[] = [];
  class Recorder extends Map<string, GraphConstant> {
    override get(name: string): undefined {
      if (!name.endsWith('/batchnorm/add/y')) names.push(name);
    }
  }
  const sizes = { widthMultiplier: 1, resolution: 224, classes: 1001 };
  const config = networkConfig(network, STANDARD, sizes);
  assert.throws(() => slimNetworkWeights(new Recorder(), config, 'graph.pb'), UserError);
  return names;
}

describe('slimNetworkWeights of inverted residuals', () => {
  for (const [network, count, some] of [
    [
      'mobilenet_v2',
      262, // The variables of slim's checkpoint, and of Keras' MobileNetV2: 52 · 5 + 2.
      [
        'MobilenetV2/Conv/weights',
        'MobilenetV2/expanded_conv/depthwise/depthwise_weights',
        'MobilenetV2/expanded_conv/project/BatchNorm/moving_mean',
        'MobilenetV2/expanded_conv_1/expand/BatchNorm/gamma',
        'MobilenetV2/expanded_conv_16/project/weights',
        'MobilenetV2/Conv_1/BatchNorm/beta',
        'MobilenetV2/Logits/Conv2d_1c_1x1/biases',
      ],
    ],
    [
      'mobilenet_v3_large',
      266, // 46 convolutions of five, 16 of squeeze-and-excite, Conv_2 and the logits of two.
      [
        'MobilenetV3/Conv/BatchNorm/moving_variance',
        'MobilenetV3/expanded_conv_3/squeeze_excite/Conv/weights',
        'MobilenetV3/expanded_conv_3/squeeze_excite/Conv_1/biases',
        'MobilenetV3/expanded_conv_14/depthwise/depthwise_weights',
        'MobilenetV3/Conv_2/biases',
        'MobilenetV3/Logits/Conv2d_1c_1x1/weights',
      ],
    ],
    [
      'mobilenet_v3_small',
      210, // 34 convolutions of five, 18 of squeeze-and-excite, Conv_2 and the logits of two.
      ['MobilenetV3/expanded_conv/squeeze_excite/Conv/weights', 'MobilenetV3/Conv_1/weights'],
    ],
  ] as const) {
    it(`looks for the ${count} variables of ${network} by the names that slim has given them`, () => {
      const names = namesLookedFor(network);
      assert.equal(names.length, count);
      assert.deepEqual(
        some.filter((name) => !names.includes(name)),
        [],
      );
    });
  }
});
