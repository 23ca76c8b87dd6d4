/** TF8's operations on tensors of bytes, in TensorFlow.js: the executor's bytes, and gradients of real numbers. */
import * as tf from '@tensorflow/tfjs';
import type { FloatNode, FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { FloatActivationNode } from '../../architectures/graph/operations/activation.ts';
import type { FloatArithmeticNode } from '../../architectures/graph/operations/arithmetic.ts';
import type { FloatConcatNode } from '../../architectures/graph/operations/concat.ts';
import type { FloatGlobalAveragePoolNode } from '../../architectures/graph/operations/global_average_pool.ts';
import { padded } from '../../architectures/graph/operations/padded.ts';
import type { FloatPoolNode } from '../../architectures/graph/operations/pool2d.ts';
import { operationOf } from '../../architectures/graph/operations/table.ts';
import { summed, summedInHalves } from './layer_sums.ts';
import { type Parameters, roundedQuotient } from './parameters.ts';
import { gradientPlus, gradientScaled, quantized, withValue } from './straight_through.ts';
import { sumLevels, sumScale } from './sum_levels.ts';
import type { UsedRange } from './tensor_range.ts';

/** A tensor of bytes. */
export interface ByteTensor {
  /** [N, …] float32: q − zeroPoint. Its gradient is that of the real numbers. */
  readonly offsets: tf.Tensor;
  readonly parameters: Parameters;
}

/** What an operation makes. */
export interface Made {
  readonly output: ByteTensor;
  /** The output's real numbers before they are rounded and clamped, where it has a range of its own. */
  readonly real?: tf.Tensor;
  /** Weights and bias as the executor has them. */
  readonly weights?: ByteTensor & { readonly bias: tf.Tensor };
  /** Of a layer with weights. */
  readonly sums?: Sums;
  /** Of a ReLU with slopes, as the executor has them. */
  readonly slopes?: ByteTensor;
  /** [256] of a function of one value, or of a softmax's powers. */
  readonly table?: tf.Tensor;
}

/** What a layer with weights adds up: eq. 4. */
export interface Sums {
  /** [N, …, M] integers, the bias in them. */
  readonly levels: tf.Tensor;
  /** [M] */
  readonly bias: tf.Tensor;
  /** Of both, a scalar. */
  readonly scale: tf.Tensor;
}

/** Weights of a layer. */
export interface LayerTensors {
  /** As the node's operation takes it. */
  readonly kernel: tf.Tensor;
  /** [M] */
  readonly bias: tf.Tensor;
  readonly range: UsedRange;
  /** Biases stay within ± this, so that int32 holds every sum (eq. 4). */
  readonly biasLimit: number;
  /** Whether sums are made in two halves. */
  readonly isSplit: boolean;
  /** How hard weights are pulled to their levels; a scalar. */
  readonly dampening: tf.Tensor | undefined;
}

/** A layer with weights: eq. 3 to 5. */
export function weightedLayer(
  node: FloatWeightedNode,
  input: ByteTensor,
  layer: LayerTensors,
  output: UsedRange,
): Made {
  const weights = quantizedWeights(layer);
  const scale = input.parameters.scale.mul(weights.parameters.scale);
  const { biasLimit } = layer;
  const levels = layer.bias.div(scale).round().clipByValue(-biasLimit, biasLimit);
  const bias = withValue(layer.bias, levels);
  const sum = summed(
    node,
    gradientScaled(input.offsets, weights.parameters.scale),
    gradientScaled(weights.offsets, input.parameters.scale),
    bias,
  );
  const exact = layer.isSplit
    ? withValue(sum, summedInHalves(node, input.offsets, weights.offsets, levels))
    : sum;
  const steps = exact.mul(scale.div(output.parameters.scale));
  return {
    ...rounded(exact, steps, output),
    weights: { ...weights, bias: levels },
    sums: { levels: exact, bias: levels, scale },
  };
}

/** Weights at the parameters of their range: eq. 1 to 3. */
export function quantizedWeights({
  kernel,
  range,
  dampening,
}: Pick<LayerTensors, 'kernel' | 'range' | 'dampening'>): ByteTensor {
  const { parameters } = range;
  const { scale, zeroPoint } = parameters;
  const levels = { steps: kernel.div(scale), rounded: roundedQuotient(kernel, scale), zeroPoint };
  if (dampening === undefined) {
    return { offsets: quantized(kernel, range.range, levels), parameters };
  }
  // The gradient of λ · Σ (clip(w) − ŵ)², ŵ held fast.
  const clamped = (value: tf.Tensor) => value.add(zeroPoint).minimum(255).maximum(0).sub(zeroPoint);
  const away = clamped(levels.steps).sub(clamped(levels.rounded)).mul(scale);
  const damped = gradientPlus(kernel, away.mul(dampening.mul(2)));
  return { offsets: quantized(damped, range.range, levels), parameters };
}

/**
 * @param steps real numbers in steps of the output's scale
 * @param levels the same rounded by the operation's equation; to the nearest unless given
 */
export function rounded(
  real: tf.Tensor,
  steps: tf.Tensor,
  output: UsedRange,
  levels = steps.round(),
): Made {
  const { range, parameters } = output;
  const { scale, zeroPoint } = parameters;
  const offsets = quantized(real, range, { steps, rounded: levels, zeroPoint });
  return { output: { offsets, parameters }, real: steps.mul(scale) };
}

/** Eq. 5 of a byte's difference from its zero point. */
export function requantized(input: ByteTensor, output: UsedRange): Made {
  const { offsets, parameters } = input;
  return rounded(offsets, offsets.mul(parameters.scale.div(output.parameters.scale)), output);
}

export function joined(
  { axis }: FloatConcatNode,
  inputs: readonly ByteTensor[],
  output: UsedRange,
): Made {
  const parts = inputs.map((input) => requantized(input, output));
  const join = (tensors: readonly tf.Tensor[]) => tf.concat([...tensors], tensors[0].rank + axis);
  const offsets = join(parts.map((part) => part.output.offsets));
  const real = join(parts.map((part) => part.real!));
  return { output: { offsets, parameters: output.parameters }, real };
}

/** A sum or a difference: eq. 9. */
export function added(
  { op }: FloatArithmeticNode,
  [a, b]: readonly ByteTensor[],
  { range, parameters: own }: UsedRange,
): Made {
  const scale = sumScale(own.scale, a.parameters.scale, b.parameters.scale);
  const { zeroPoint } = own;
  const sign = op === 'add' ? 1 : -1;
  const levels = sumLevels(a, b, scale, sign);
  const real = sign === 1 ? a.offsets.add(b.offsets) : a.offsets.sub(b.offsets);
  const offsets = quantized(real, range, { ...levels, zeroPoint });
  return {
    output: { offsets, parameters: { scale, zeroPoint } },
    real: levels.steps.mul(scale),
  };
}

/** A product: eq. 5 with acc = (aq − za)(bq − zb). */
export function multiplied([a, b]: readonly ByteTensor[], output: UsedRange): Made {
  const scale = a.parameters.scale.mul(b.parameters.scale);
  const steps = a.offsets.mul(b.offsets).mul(scale.div(output.parameters.scale));
  return rounded(realOf(a).mul(realOf(b)), steps, output);
}

/** A function of one value: eq. 10. */
export function lookedUp(node: FloatActivationNode, input: ByteTensor, output: UsedRange): Made {
  const apply = (x: tf.Tensor) => operationOf(node).run(node, { tf, inputs: [x], constants: {} });
  const { range, parameters } = output;
  const { scale, zeroPoint } = parameters;
  const from = input.parameters;
  const bytes = tf.tensor1d(Array.from({ length: 256 }, (_, q) => q));
  const values = apply(bytes.sub(from.zeroPoint).mul(from.scale));
  const levels = roundedQuotient(values, scale);
  const index = input.offsets.add(from.zeroPoint).cast('int32') as tf.Tensor1D;
  const steps = values.div(scale).gather(index);
  const offsets = quantized(apply(realOf(input)), range, {
    steps,
    rounded: levels.gather(index),
    zeroPoint,
  });
  return {
    output: { offsets, parameters },
    real: steps.mul(scale),
    table: levels.add(zeroPoint).clipByValue(0, 255),
  };
}

/** The real numbers, of which the gradient is passed on. */
export function realOf({ offsets, parameters }: ByteTensor): tf.Tensor {
  return withValue(offsets, offsets.mul(parameters.scale));
}

/** An average over windows or over the image: eq. 6. */
export function averaged(
  node: FloatPoolNode | FloatGlobalAveragePoolNode,
  { offsets, parameters }: ByteTensor,
): Made {
  const mean = operationOf(node).run(node, { tf, inputs: [offsets], constants: {} });
  const { sum, count } =
    node.op === 'globalAveragePool'
      ? imageSums(node, offsets as tf.Tensor4D)
      : windowSums(node, offsets as tf.Tensor4D);
  const { zeroPoint } = parameters;
  const total = sum.add(count.mul(zeroPoint)).add(count.div(2).floor());
  const bytes = flooredQuotient(total, count);
  return { output: { offsets: withValue(mean, bytes.sub(zeroPoint)), parameters } };
}

/** ⌊a / n⌋ of integers, whatever a compiler makes of a division by a constant: it is off by 1 at most. */
function flooredQuotient(a: tf.Tensor, n: tf.Tensor): tf.Tensor {
  const quotient = a.div(n).floor();
  const rest = a.sub(quotient.mul(n));
  const tooLow = rest.greaterEqual(n).cast('float32');
  return quotient.add(tooLow).sub(rest.less(0).cast('float32'));
}

function windowSums(
  { windowShape, strides, padding }: FloatPoolNode,
  offsets: tf.Tensor4D,
): { readonly sum: tf.Tensor; readonly count: tf.Tensor } {
  const [, height, width, channels] = offsets.shape;
  const sums = (x: tf.Tensor4D, depth: number) =>
    tf.depthwiseConv2d(
      padded(tf, x, padding),
      tf.ones([windowShape[0], windowShape[1], depth, 1]),
      [...strides],
      'valid',
    );
  return { sum: sums(offsets, channels), count: sums(tf.ones([1, height, width, 1]), 1) };
}

function imageSums({ keepDims = false }: FloatGlobalAveragePoolNode, offsets: tf.Tensor4D) {
  const [, height, width] = offsets.shape;
  return { sum: offsets.sum([1, 2], keepDims), count: tf.scalar(height * width) };
}

/** What moves bytes, or chooses between those of one scale and zero point. */
export function moved(node: FloatNode, inputs: readonly ByteTensor[]): Made {
  const offsets = inputs.map((input) => input.offsets);
  const output = operationOf(node).run(node, { tf, inputs: offsets, constants: {} });
  return {
    output: {
      offsets: offsets.includes(output) ? output.clone() : output,
      parameters: inputs[0].parameters,
    },
  };
}
