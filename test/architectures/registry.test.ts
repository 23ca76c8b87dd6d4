import assert from 'node:assert/strict';
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import {
  NETWORK_NAMES,
  NETWORKS,
  type NetworkName,
  networkNamed,
} from '../../architectures/registry.ts';
import { InvalidValueError } from '../../foundation/errors.ts';

/**
 * Parameters of 1000 classes at the published resolution: all that are stored, and what is trained.
 * Keras' `count_params` (tf.keras.applications, weights=None, of TensorFlow 2.21) and, of EfficientNet-Lite, the weights of the authors' checkpoints, which keras-hub
 * counts for Lite0 too. Multiply-accumulates in millions are those of the papers, slim and the authors.
 */
const PUBLISHED: Readonly<
  Partial<Record<NetworkName, { stored?: number; trainable?: number; macs: number }>>
> = {
  // Keras: "Total params: 3,538,984; trainable: 3,504,872"; arXiv 1801.04381, table 4: 300 M
  mobilenet_v2: { stored: 3_538_984, trainable: 3_504_872, macs: 300 },
  // Keras: 5,507,432 and 2,554,968; slim's mobilenet/README.md: 217 M; arXiv 1905.02244, table 3: 56 M
  mobilenet_v3_large: { stored: 5_507_432, macs: 217 },
  mobilenet_v3_small: { stored: 2_554_968, macs: 56 },
  // keras-hub: 4,652,008. The authors' 407 M count batch norms and activations beside the convolutions.
  efficientnet_lite0: { trainable: 4_652_008, macs: 385 },
  // Keras: 25,636,712; arXiv 1512.03385, table 1: 3.8 · 10⁹
  resnet_50: { stored: 25_636_712, macs: 3860 },
};

/** Trainable parameters in millions, as models/official/efficientnet/lite/README.md rounds them. */
const LITE = [4.7, 5.4, 6.1, 8.2, 13.0];

describe('NETWORKS', () => {
  for (const network of NETWORK_NAMES) {
    const published = PUBLISHED[network];
    if (published === undefined) continue;
    it(`${network} has the parameters and multiply-accumulates that are published`, () => {
      const { resolution } = networkNamed(network);
      const cost = costOfNetwork({ network, resolution, classes: 1000 });
      const { stored = cost.storedParameters, trainable = cost.trainableParameters } = published;
      assert.deepEqual([cost.storedParameters, cost.trainableParameters], [stored, trainable]);
      const millions = cost.macs / 1e6;
      assert.ok(Math.abs(millions / published.macs - 1) < 0.01, `${millions} M`);
    });
  }

  for (const [index, expected] of LITE.entries()) {
    it(`EfficientNet-Lite${index} has ${expected} M parameters`, () => {
      const network = `efficientnet_lite${index}` as NetworkName;
      const { resolution } = networkNamed(network);
      const { trainableParameters } = costOfNetwork({ network, resolution, classes: 1000 });
      assert.ok(Math.abs(trainableParameters / 1e6 - expected) <= 0.05);
    });
  }

  for (const [widthMultiplier, stored] of [
    [0.35, 1_691_208],
    [0.5, 1_987_224],
    [0.75, 2_663_064],
    [1.3, 5_431_048],
    [1.4, 6_156_712],
  ] as const) {
    it(`MobileNetV2 of width ${widthMultiplier} has Keras' parameters`, () => {
      const sizes = { widthMultiplier, resolution: 224, classes: 1000 };
      const cost = costOfNetwork({ network: 'mobilenet_v2', ...sizes });
      assert.equal(cost.storedParameters, stored);
    });
  }

  it('names layers as slim, Keras and the authors do, in their shapes', () => {
    const shapeOf = (network: NetworkName, name: string) => {
      const { layers, resolution } = networkNamed(network);
      const { base } = layers({ resolution, classes: 1000 });
      return base.find((layer) => layer.name === name)?.outputShape;
    };
    const shapes: readonly [NetworkName, string, readonly number[]][] = [
      ['mobilenet_v2', 'Conv', [112, 112, 32]],
      ['mobilenet_v2', 'expanded_conv/project', [112, 112, 16]],
      ['mobilenet_v2', 'expanded_conv_1/expand', [112, 112, 96]],
      ['mobilenet_v2', 'expanded_conv_13/depthwise', [7, 7, 576]],
      ['mobilenet_v2', 'expanded_conv_15/add', [7, 7, 160]],
      ['mobilenet_v2', 'Conv_1', [7, 7, 1280]],
      ['mobilenet_v3_large', 'expanded_conv_3/squeeze_excite/Conv', [1, 1, 24]],
      ['mobilenet_v3_large', 'expanded_conv_14/project', [7, 7, 160]],
      ['mobilenet_v3_large', 'Conv_1', [7, 7, 960]],
      ['mobilenet_v3_large', 'Conv_2', [1, 1, 1280]],
      ['mobilenet_v3_small', 'expanded_conv/depthwise', [56, 56, 16]],
      ['mobilenet_v3_small', 'Conv_1', [7, 7, 576]],
      ['mobilenet_v3_small', 'Conv_2', [1, 1, 1024]],
      ['efficientnet_lite0', 'stem/conv2d', [112, 112, 32]],
      ['efficientnet_lite0', 'blocks_0/conv2d', [112, 112, 16]],
      ['efficientnet_lite0', 'blocks_1/depthwise_conv2d', [56, 56, 96]],
      ['efficientnet_lite0', 'blocks_15/conv2d_1', [7, 7, 320]],
      ['efficientnet_lite0', 'head/conv2d', [7, 7, 1280]],
      ['resnet_50', 'conv1_conv', [112, 112, 64]],
      ['resnet_50', 'pool1_pool', [56, 56, 64]],
      ['resnet_50', 'conv3_block1_out', [28, 28, 512]],
      ['resnet_50', 'conv5_block3_3_conv', [7, 7, 2048]],
    ];
    assert.deepEqual(
      shapes.map(([network, name]) => [network, name, shapeOf(network, name)]),
      shapes,
    );
  });

  it('reads only what was made before, and gives every layer a name of its own', () => {
    for (const network of NETWORK_NAMES) {
      const { layers, resolution } = NETWORKS[network];
      const made = new Set(['input']);
      for (const layer of layers({ resolution, classes: 10 }).base) {
        const inputs = 'inputs' in layer ? layer.inputs : [layer.input];
        for (const input of inputs) assert.ok(made.has(input), `${network}: ${input}`);
        assert.ok(!made.has(layer.name), `${network}: ${layer.name}`);
        made.add(layer.name);
      }
    }
  });

  it('has a least resolution below which the rows are refused', () => {
    for (const network of NETWORK_NAMES) {
      const { layers, leastResolution, resolution } = networkNamed(network);
      assert.ok(leastResolution <= resolution);
      layers({ resolution: leastResolution, classes: 2 });
      for (const wrong of [
        { resolution: leastResolution - 1, classes: 2 },
        { resolution, classes: 1 },
        { resolution, classes: 2, widthMultiplier: 0 },
      ]) {
        assert.throws(
          () => layers(wrong),
          InvalidValueError,
          `${network} ${JSON.stringify(wrong)}`,
        );
      }
    }
  });
});
