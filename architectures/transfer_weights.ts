import * as tf from '@tensorflow/tfjs';
import { InvalidValueError } from '../foundation/errors.ts';
import { batchNormOf, LOGITS } from './conv_layer.ts';
import {
  type BatchNormParameters,
  foldBatchNorm,
  type ZeroVariancePolicy,
} from './graph/fold_batch_norm.ts';

export interface TransferOptions {
  /** Applied where a depthwise batch norm is folded; a batch norm that is copied stays as it is. */
  readonly zeroVariance: ZeroVariancePolicy;
}

/** What became of each layer of the target that has weights. */
export interface TransferReport {
  readonly copied: readonly string[];
  readonly folded: readonly {
    readonly layer: string;
    /** Channels of the batch norm whose variance the policy replaced. */
    readonly zeroVarianceChannels: readonly number[];
  }[];
  /** Layers that keep their initial weights. */
  readonly left: readonly string[];
}

/**
 * Sets a network's start weights from a trained one, layer by layer of the same name. Equal weights
 * are copied; where the source has a batch norm after a depthwise convolution and the target has a
 * bias instead, it is folded. A logits layer with another number of classes keeps its initial
 * weights. The resolutions may differ: no weight depends on them.
 *
 * @throws InvalidValueError naming the layer and both shapes where the target needs weights that the source
 *   does not have; the target is unchanged then
 */
export function transferWeights(
  source: tf.LayersModel,
  target: tf.LayersModel,
  options: TransferOptions,
): TransferReport {
  const sources = new Map(source.layers.map((layer) => [layer.name, layer]));
  const targetNames = new Set(target.layers.map((layer) => layer.name));
  const copied: string[] = [];
  const folded: { layer: string; zeroVarianceChannels: readonly number[] }[] = [];
  const left: string[] = [];
  // Every pair is checked before the first write.
  const writes: (() => void)[] = [];
  for (const layer of target.layers) {
    if (layer.weights.length === 0) continue;
    const { name } = layer;
    const from = sources.get(name);
    if (from === undefined) {
      throw new InvalidValueError(`Expected a layer ${name} in ${source.name} but it has none`);
    }
    const batchNorm = sources.get(batchNormOf(name));
    if (
      batchNorm !== undefined &&
      !targetNames.has(batchNormOf(name)) &&
      from.getClassName() === 'DepthwiseConv2D'
    ) {
      checkShape(weight(from, 'depthwise_kernel'), weight(layer, 'depthwise_kernel'), name);
      weight(layer, 'bias');
      writes.push(() => {
        const zeroVarianceChannels = fold(from, batchNorm, layer, options.zeroVariance);
        folded.push({ layer: name, zeroVarianceChannels });
      });
    } else if (name === LOGITS && differInClasses(from, layer)) {
      left.push(name);
    } else {
      const pairs = layer.weights.map((variable) => {
        const counterpart = weight(from, shortName(variable));
        checkShape(counterpart, variable, name);
        return [counterpart, variable] as const;
      });
      writes.push(() => {
        for (const [counterpart, variable] of pairs) variable.write(counterpart.read());
        copied.push(name);
      });
    }
  }
  for (const write of writes) write();
  return { copied, folded, left };
}

type LayerVariable = tf.layers.Layer['weights'][number];

/** "kernel" of `Conv2d_0/kernel`. */
function shortName(variable: LayerVariable): string {
  return variable.originalName.slice(variable.originalName.lastIndexOf('/') + 1);
}

function weight(layer: tf.layers.Layer, name: string): LayerVariable {
  const found = layer.weights.find((variable) => shortName(variable) === name);
  if (found === undefined) {
    const present = layer.weights.map(shortName).join(', ');
    throw new InvalidValueError(`Expected a weight ${name} of ${layer.name} but it has ${present}`);
  }
  return found;
}

function checkShape(from: LayerVariable, to: LayerVariable, layerName: string): void {
  if (!sameShape(from.shape, to.shape)) {
    throw new InvalidValueError(
      `Expected shape [${to.shape}] for ${shortName(to)} of ${layerName} but the source has [${from.shape}]`,
    );
  }
}

function sameShape(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The same depth, another number of classes: the only difference that a new data set makes. */
function differInClasses(from: tf.layers.Layer, to: tf.layers.Layer): boolean {
  const [a, b] = [weight(from, 'kernel').shape, weight(to, 'kernel').shape];
  return sameShape(a.slice(0, -1), b.slice(0, -1)) && a.at(-1) !== b.at(-1);
}

function fold(
  from: tf.layers.Layer,
  batchNorm: tf.layers.Layer,
  to: tf.layers.Layer,
  zeroVariance: ZeroVariancePolicy,
): readonly number[] {
  const values = (layer: tf.layers.Layer, name: string) =>
    weight(layer, name).read().dataSync<'float32'>();
  const parameters: BatchNormParameters = {
    gamma: values(batchNorm, 'gamma'),
    beta: values(batchNorm, 'beta'),
    mean: values(batchNorm, 'moving_mean'),
    variance: values(batchNorm, 'moving_variance'),
    epsilon: batchNorm.getConfig().epsilon as number,
  };
  const kernel = weight(to, 'depthwise_kernel');
  const bias = from.weights.find((variable) => shortName(variable) === 'bias');
  const folded = foldBatchNorm({
    kernel: values(from, 'depthwise_kernel'),
    kernelShape: kernel.shape as [number, number, number, number],
    kind: 'depthwise',
    bias: bias?.read().dataSync<'float32'>(),
    batchNorm: parameters,
    zeroVariance,
  });
  tf.tidy(() => {
    kernel.write(tf.tensor4d(folded.kernel, kernel.shape as [number, number, number, number]));
    weight(to, 'bias').write(tf.tensor1d(folded.bias));
  });
  return folded.zeroVarianceChannels;
}
