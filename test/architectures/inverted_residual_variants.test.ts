import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { ConvLayer } from '../../architectures/conv_layer.ts';
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import { buildNetwork, layersOf, networkConfig } from '../../architectures/network.ts';
import { convolutionsOf } from '../../architectures/network_layers.ts';
import { NETWORK_NAMES, type NetworkName, networkNamed } from '../../architectures/registry.ts';
import { transferWeights } from '../../architectures/transfer_weights.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  VARIANTS,
  type Variant,
} from '../../architectures/variants.ts';
import { randomizeWeights, someInput, TINY, weightOf } from './support.ts';

/**
 * Of 1000 classes at the published resolution: the channels of all depthwise layers, which have a bias
 * for the four numbers of a batch norm, and what is left without it. The sums are of the tables of the
 * papers and the authors, by hand; the numbers of the published networks are in registry.test.ts.
 */
const FAMILIES: readonly {
  readonly network: NetworkName;
  readonly depthwiseChannels: number;
  readonly stored: number;
  readonly trainable: number;
}[] = [
  {
    network: 'mobilenet_v2',
    depthwiseChannels: 7_136,
    stored: 3_517_576,
    trainable: 3_497_736,
  },
  {
    network: 'mobilenet_v3_large',
    depthwiseChannels: 5_016,
    stored: 5_492_384,
    trainable: 5_478_016,
  },
  {
    network: 'mobilenet_v3_small',
    depthwiseChannels: 2_456,
    stored: 2_547_600,
    trainable: 2_540_400,
  },
  {
    network: 'efficientnet_lite0',
    depthwiseChannels: 8_960,
    stored: 4_667_144,
    trainable: 4_643_048,
  },
  {
    network: 'efficientnet_lite1',
    depthwiseChannels: 11_648,
    stored: 5_435_400,
    trainable: 5_405_032,
  },
  {
    network: 'efficientnet_lite2',
    depthwiseChannels: 12_656,
    stored: 6_112_200,
    trainable: 6_079_416,
  },
  {
    network: 'efficientnet_lite3',
    depthwiseChannels: 16_928,
    stored: 8_222_984,
    trainable: 8_180_168,
  },
  {
    network: 'efficientnet_lite4',
    depthwiseChannels: 25_136,
    stored: 13_043_528,
    trainable: 12_981_432,
  },
];

/** Of the squeeze-and-excite blocks: C · s + s + s · C + C for each, s as the checkpoints have it. */
const SQUEEZE_EXCITE: readonly (readonly [NetworkName, number])[] = [
  ['mobilenet_v3_large', 1_512_280],
  ['mobilenet_v3_small', 461_640],
];

const sizesOf = (network: NetworkName) => ({
  resolution: networkNamed(network).resolution,
  classes: 1000,
});

function layersIn(
  network: NetworkName,
  variant: Variant,
  squeezeExcite = true,
): readonly ConvLayer[] {
  return convolutionsOf(layersOf(networkConfig(network, variant, sizesOf(network), squeezeExcite)));
}

describe('variants of inverted residuals', () => {
  it('are had by every family of them', () => {
    const names = NETWORK_NAMES.filter((name) => networkNamed(name).variants === VARIANTS);
    assert.deepEqual(names, ['mobilenet_v1', ...FAMILIES.map(({ network }) => network)]);
  });

  for (const { network, depthwiseChannels, stored, trainable } of FAMILIES) {
    it(`${network} without depthwise batch norms has a bias for each depthwise channel`, () => {
      for (const variant of [NO_DEPTHWISE_BN, RELU, FRIENDLY]) {
        const cost = costOfNetwork({ network, variant, ...sizesOf(network) });
        const published = costOfNetwork({ network, ...sizesOf(network) });
        const channels = layersIn(network, variant)
          .filter(({ kind }) => kind === 'depthwise')
          .reduce((sum, { outputShape }) => sum + outputShape[2], 0);
        assert.equal(channels, depthwiseChannels);
        assert.equal(cost.storedParameters, stored);
        assert.equal(cost.trainableParameters, trainable);
        assert.equal(published.storedParameters - cost.storedParameters, 3 * depthwiseChannels);
        assert.equal(published.trainableParameters - cost.trainableParameters, depthwiseChannels);
        assert.equal(cost.macs, published.macs);
      }
    });

    it(`${network} keeps its shapes, kernels and names in every variant`, () => {
      const published = layersIn(network, STANDARD);
      for (const variant of VARIANTS) {
        layersIn(network, variant).forEach((layer, index) => {
          const { activation, batchNorm, bias, ...own } = layer;
          const { activation: _, batchNorm: __, bias: ___, ...theirs } = published[index];
          assert.deepEqual(own, theirs);
          assert.equal(bias, !batchNorm);
          if (variant === STANDARD) assert.deepEqual(layer, published[index]);
        });
      }
    });

    it(`${network} has linear depthwise layers, and ReLU for what was clipped or bent`, () => {
      const published = layersIn(network, STANDARD);
      const relu = { linear: 'linear', relu: 'relu', relu6: 'relu', hardSwish: 'relu' } as const;
      for (const variant of [NO_DEPTHWISE_BN, RELU, FRIENDLY]) {
        layersIn(network, variant).forEach((layer, index) => {
          const was = published[index].activation;
          if (layer.kind === 'depthwise') {
            assert.deepEqual([layer.activation, layer.batchNorm], ['linear', false]);
          } else if (variant === NO_DEPTHWISE_BN || was === 'hardSigmoid6') {
            assert.deepEqual(layer, published[index]);
          } else {
            assert.equal(layer.activation, relu[was], layer.name);
            assert.equal(layer.batchNorm, published[index].batchNorm);
          }
        });
      }
    });
  }

  for (const [network, parameters] of SQUEEZE_EXCITE) {
    it(`${network} can leave out squeeze-and-excite in every variant`, () => {
      for (const variant of VARIANTS) {
        const choices = { network, variant, ...sizesOf(network) };
        const [kept, left] = [true, false].map((squeezeExcite) =>
          costOfNetwork({ ...choices, squeezeExcite }),
        );
        assert.equal(kept.storedParameters - left.storedParameters, parameters);
        const names = layersIn(network, variant).map(({ name }) => name);
        assert.deepEqual(
          layersIn(network, variant, false).map(({ name }) => name),
          names.filter((name) => !name.includes('/squeeze_excite/')),
        );
      }
    });
  }

  it('are said by the name of the model, which a published one of these families is without', () => {
    const nameOf = (network: NetworkName, variant: Variant, squeezeExcite?: boolean) => {
      const model = buildNetwork(networkConfig(network, variant, TINY, squeezeExcite));
      model.dispose();
      return model.name;
    };
    assert.deepEqual(
      [
        nameOf('mobilenet_v2', STANDARD),
        nameOf('mobilenet_v2', FRIENDLY),
        nameOf('mobilenet_v3_small', STANDARD, false),
        nameOf('mobilenet_v3_small', RELU, false),
        nameOf('mobilenet_v2', RELU, false),
      ],
      [
        'MobilenetV2_0.02_32_5',
        'MobilenetV2_0.02_32_5_friendly',
        'MobilenetV3_Small_0.02_32_5_no-squeeze-excite',
        'MobilenetV3_Small_0.02_32_5_relu_no-squeeze-excite',
        'MobilenetV2_0.02_32_5_relu',
      ],
    );
  });
});

describe('transferWeights of inverted residuals', () => {
  /** Runs `use` with a published network of random weights and one of another core layer. */
  function withModels(
    network: NetworkName,
    variant: Variant,
    squeezeExcite: boolean,
    use: (source: tf.LayersModel, target: tf.LayersModel) => void,
  ): void {
    const source = buildNetwork(networkConfig(network, STANDARD, TINY));
    const target = buildNetwork(networkConfig(network, variant, TINY, squeezeExcite), { seed: 9 });
    try {
      randomizeWeights(source);
      use(source, target);
    } finally {
      source.dispose();
      target.dispose();
    }
  }

  for (const [network, squeezeExcite, first] of [
    ['mobilenet_v2', true, 'expanded_conv/depthwise'],
    ['efficientnet_lite0', true, 'blocks_0/depthwise_conv2d'],
    ['mobilenet_v3_small', false, 'expanded_conv/depthwise'],
    ['mobilenet_v3_large', true, 'expanded_conv/depthwise'],
  ] as const) {
    const config = networkConfig(network, FRIENDLY, TINY, squeezeExcite);
    const depthwise = convolutionsOf(layersOf(config)).filter(({ kind }) => kind === 'depthwise');

    it(`folds the depthwise batch norms of ${network} and copies all else that is there`, () =>
      withModels(network, FRIENDLY, squeezeExcite, (source, target) => {
        const { copied, folded, left } = transferWeights(source, target, { zeroVariance: 'keep' });
        assert.deepEqual(
          folded.map(({ layer }) => layer),
          depthwise.map(({ name }) => name),
        );
        assert.deepEqual(left, []);
        const weighted = target.layers.filter(({ weights }) => weights.length > 0);
        assert.equal(copied.length + folded.length, weighted.length);
        for (const { originalName } of target.weights) {
          if (depthwise.some(({ name }) => originalName.startsWith(`${name}/`))) continue;
          assert.deepEqual(weightOf(target, originalName), weightOf(source, originalName));
        }
      }));

    it(`gives the first depthwise layer of ${network} the function that it had with its batch norm`, () =>
      withModels(network, NO_DEPTHWISE_BN, squeezeExcite, (source, target) => {
        transferWeights(source, target, { zeroVariance: 'keep' });
        tf.tidy(() => {
          const input = someInput(1);
          const outputOf = (model: tf.LayersModel, layer: string) => {
            const outputs = model.getLayer(layer).output as tf.SymbolicTensor;
            const probe = tf.model({ inputs: model.inputs, outputs });
            return (probe.predict(input) as tf.Tensor).dataSync<'float32'>();
          };
          const expected = outputOf(source, `${first}/BatchNorm`);
          outputOf(target, first).forEach((value, index) => {
            assert.ok(Math.abs(value - expected[index]) < 1e-4);
          });
        });
      }));
  }
});
