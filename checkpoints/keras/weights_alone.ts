/**
 * Weights without a topology, as `save_weights` writes them and Keras publishes those of its networks: the
 * shapes of the layers, in their order, tell which network they are of.
 */
import { batchNormOf, type ConvLayer, type NetworkSizes } from '../../architectures/conv_layer.ts';
import { buildNetwork, layersOf, type NetworkConfig } from '../../architectures/network.ts';
import { convolutionsOf } from '../../architectures/network_layers.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { InvalidValueError, UserError } from '../../foundation/errors.ts';
import type { ImageSize } from '../input_affine.ts';
import { writeModelWeights } from '../model_weights.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import type { KerasFileModel } from './keras_model.ts';

/** What a layer has, in Keras' order. */
export interface LayerVariables {
  readonly name: string;
  readonly tensors: readonly WeightTensor[];
}

/** The width multipliers that Keras publishes weights for. */
const WIDTHS: readonly number[] = [0.25, 0.35, 0.5, 0.75, 1, 1.3, 1.4];

const RESOLUTION = 224;
const SHOWN = 6;

/** Keras' networks whose layers and functions are those of ours, of a width and number of outputs. */
const NETWORKS: readonly ((sizes: Required<NetworkSizes>) => NetworkConfig)[] = [
  (sizes) => ({ network: 'mobilenet_v1', variant: STANDARD, ...sizes }),
  (sizes) => ({ network: 'mobilenet_v2', ...sizes }),
];

/**
 * The network that weights are of: Keras' MobileNet or MobileNetV2, with its last layer.
 * @throws UserError where they are of none
 */
export function weightsAlone(
  layers: readonly LayerVariables[],
  path: string,
  [height, width]: ImageSize = [RESOLUTION, RESOLUTION],
): KerasFileModel {
  if (height !== width) {
    throw new UserError(
      `Expected one side for the images of ${path} but received ${height} × ${width}`,
      { remedy: "Keras' MobileNets are built for square images." },
    );
  }
  const kinds = kindsOf(layers);
  const classes = kinds.logits?.tensors[1].shape[0] ?? 0;
  for (const configOf of NETWORKS) {
    for (const widthMultiplier of WIDTHS) {
      const config = configOf({ widthMultiplier, resolution: height, classes });
      const weights = classes < 2 ? undefined : weightsIn(config, kinds);
      if (weights === undefined) continue;
      const model = buildNetwork(config);
      try {
        writeModelWeights(model, weights);
      } catch (error) {
        model.dispose();
        if (error instanceof InvalidValueError) continue;
        throw error;
      }
      const notes = [
        `weights without a topology: their shapes are those of a ${config.network} of width ${widthMultiplier}; they do not say the size of the images, and are read for ${height} × ${width}`,
      ];
      return { model, config, range: undefined, notes };
    }
  }
  throw unknownWeights(layers, kinds, path);
}

interface LayerKinds {
  /** [kh, kw, C, M] */
  readonly convolutions: readonly LayerVariables[];
  /** [kh, kw, C, 1] */
  readonly depthwise: readonly LayerVariables[];
  readonly batchNorms: readonly LayerVariables[];
  /** The last layer, with a bias. */
  readonly logits: LayerVariables | undefined;
}

/** Layers by what they have: a kernel, one for each channel, the four vectors of a batch norm. */
function kindsOf(layers: readonly LayerVariables[]): LayerKinds {
  const alone = (rank: number) =>
    layers.filter(({ tensors }) => tensors.length === 1 && tensors[0].shape.length === rank);
  const kernels = alone(4);
  const isDepthwise = ({ tensors: [{ shape }] }: LayerVariables) => shape[3] === 1 && shape[0] > 1;
  return {
    convolutions: kernels.filter((layer) => !isDepthwise(layer)),
    depthwise: kernels.filter(isDepthwise),
    batchNorms: layers.filter(
      ({ tensors }) => tensors.length === 4 && tensors.every(({ shape }) => shape.length === 1),
    ),
    logits: layers.findLast(({ tensors }) => tensors.length === 2 && tensors[1].shape.length === 1),
  };
}

/** The weights by the names of `buildNetwork`; undefined where there are more or fewer layers. */
function weightsIn(
  config: NetworkConfig,
  { convolutions, depthwise, batchNorms, logits }: LayerKinds,
): Map<string, WeightTensor> | undefined {
  const layers = convolutionsOf(layersOf(config));
  const left = { conv: [...convolutions], depthwise: [...depthwise], norms: [...batchNorms] };
  const weights = new Map<string, WeightTensor>();
  for (const layer of layers) {
    const { name } = layer;
    if (layer.kind === 'logits') {
      const [kernel, bias] = logits!.tensors;
      // A dense layer's [C, M] is a convolution's [1, 1, C, M].
      weights.set(`${name}/kernel`, { shape: kernelShape(layer), values: kernel.values });
      weights.set(`${name}/bias`, bias);
      if (kernel.values.length !== kernelShape(layer).reduce((a, b) => a * b, 1)) return undefined;
      continue;
    }
    const isDepthwise = layer.kind === 'depthwise';
    const kernel = (isDepthwise ? left.depthwise : left.conv).shift()?.tensors[0];
    const norm = left.norms.shift()?.tensors;
    if (kernel === undefined || norm === undefined) return undefined;
    weights.set(`${name}/${isDepthwise ? 'depthwise_kernel' : 'kernel'}`, kernel);
    ['gamma', 'beta', 'moving_mean', 'moving_variance'].forEach((statistic, index) => {
      weights.set(`${batchNormOf(name)}/${statistic}`, norm[index]);
    });
  }
  const isWhole = Object.values(left).every((rest) => rest.length === 0);
  return isWhole ? weights : undefined;
}

function kernelShape({ kernel, inputShape, outputShape }: ConvLayer): number[] {
  return [...kernel, inputShape[2], outputShape[2]];
}

function unknownWeights(
  layers: readonly LayerVariables[],
  { logits }: LayerKinds,
  path: string,
): UserError {
  const named = layers.filter(({ tensors }) => tensors.length > 0).map(({ name }) => name);
  const more = named.length > SHOWN ? ', …' : '';
  const headless = logits === undefined ? ' without a last layer (no_top)' : '';
  return new UserError(
    `Expected a whole Keras model, or the weights of Keras' MobileNet or MobileNetV2, but ${path} holds the weights alone of ${named.length} other layers${headless}: ${named.slice(0, SHOWN).join(', ')}${more}`,
    {
      remedy:
        'Save the whole model: build it in Python, model.load_weights(…), then model.save("model.keras"), and pass that.',
    },
  );
}
