import { InvalidValueError } from '../../foundation/errors.ts';

/**
 * Batch-norm folding: a convolution followed by a batch norm as one convolution with a bias
 * (arXiv 1803.08607, equations 3 to 6).
 */

/** The inference-time parameters of a batch norm over C channels; every array is [C]. */
export interface BatchNormParameters {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  /** Moving mean. */
  readonly mean: Float32Array;
  /** Moving variance σ², ≥ 0. */
  readonly variance: Float32Array;
  /** ε, > 0. */
  readonly epsilon: number;
}

/**
 * What to do with channels whose variance is almost 0: `keep` folds them as they are, so that
 * α = γ/√(σ² + ε) ≈ γ/√ε is tens of times larger than elsewhere; `mean` is Option 1 of
 * arXiv 1803.08607, section 3.1.
 */
export type ZeroVariancePolicy = 'keep' | 'mean';

/**
 * A channel is dead when its variance is below a thousandth of slim's ε = 0.001: ε alone decides
 * its α then, which lies within 0.05 % of γ/√ε. In the depthwise batch norms of
 * MobileNet_v1_1.0_224 (2017_06_14) nothing lies near this bound: the dead channels (7, 2, 4, 1, 1,
 * 1 and 4 of layers 1, 2, 3, 4, 9, 10 and 13) have a variance of 4·10⁻³⁵, what the moving average's
 * decay left of its initial 1, and the smallest variance of a live channel is 1.8·10⁻⁴.
 */
export const ZERO_VARIANCE_THRESHOLD = 1e-6;

/**
 * Applies the policy to a batch norm's variances [C]. With `mean`, every channel below `threshold`
 * gets the mean variance of the channels at or above it. Where no channel is above, there is no
 * variance to borrow: all are kept, which stays finite because ε > 0.
 *
 * @returns the variances (a new array where something changed) and the indices of the changed channels
 */
export function handleZeroVariance(
  variance: Float32Array,
  policy: ZeroVariancePolicy,
  threshold: number = ZERO_VARIANCE_THRESHOLD,
): { variance: Float32Array; channels: number[] } {
  const dead: number[] = [];
  let liveSum = 0;
  variance.forEach((value, channel) => {
    if (value < threshold) dead.push(channel);
    else liveSum += value;
  });
  const live = variance.length - dead.length;
  if (policy === 'keep' || dead.length === 0 || live === 0) return { variance, channels: [] };
  const changed = variance.slice();
  for (const channel of dead) changed[channel] = liveSum / live;
  return { variance: changed, channels: dead };
}

/** α = γ/√(σ² + ε) of each channel, by which folding multiplies its weights; [C], in double. */
export function foldingFactors({
  gamma,
  variance,
  epsilon,
}: Pick<BatchNormParameters, 'gamma' | 'variance' | 'epsilon'>): Float64Array {
  return Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
}

/** A batch norm as scale · x + shift of each channel: α, and β − μ · α; [C] each, in double. */
export function batchNormAffine(
  batchNorm: Pick<BatchNormParameters, 'gamma' | 'beta' | 'mean' | 'variance' | 'epsilon'>,
): { readonly scale: Float64Array; readonly shift: Float64Array } {
  const { beta, mean } = batchNorm;
  const scale = foldingFactors(batchNorm);
  return { scale, shift: scale.map((factor, c) => beta[c] - mean[c] * factor) };
}

export interface FoldBatchNormOptions {
  /** conv: [kh, kw, C, M]; depthwise: [kh, kw, C, depthMultiplier]; row-major. */
  readonly kernel: Float32Array;
  readonly kernelShape: readonly [number, number, number, number];
  readonly kind: 'conv' | 'depthwise';
  /** [M], of a depthwise convolution [C · depthMultiplier]; zeros unless given. */
  readonly bias?: Float32Array | undefined;
  /** Of as many channels as the convolution puts out. */
  readonly batchNorm: BatchNormParameters;
  readonly zeroVariance: ZeroVariancePolicy;
}

export interface FoldedConvolution {
  /** The options' kernel shape. */
  readonly kernel: Float32Array;
  /** One for each output channel. */
  readonly bias: Float32Array;
  /** α of each output channel, by which the weights were multiplied. */
  readonly alpha: Float64Array;
  /** Channels whose variance the policy replaced. */
  readonly zeroVarianceChannels: readonly number[];
}

/**
 * Folds a batch norm into the convolution before it: w' = α·w and b' = β + α·(b − μ) with
 * α = γ/√(σ² + ε) for each output channel, computed in double and rounded once to single precision.
 *
 * @throws InvalidValueError where an array's length does not match the kernel's shape
 */
export function foldBatchNorm(options: FoldBatchNormOptions): FoldedConvolution {
  const { kernel, kernelShape, kind, bias, batchNorm, zeroVariance } = options;
  // Output channels are innermost: M of a convolution; c · depthMultiplier + m of a depthwise one.
  const channels = kind === 'conv' ? kernelShape[3] : kernelShape[2] * kernelShape[3];
  const kernelLength = kernelShape.reduce((product, size) => product * size, 1);
  expectLength('kernel', kernel, kernelLength, kernelShape);
  const { gamma, beta, mean } = batchNorm;
  const vectors = { gamma, beta, mean, variance: batchNorm.variance, ...(bias && { bias }) };
  for (const [name, vector] of Object.entries(vectors)) {
    expectLength(name, vector, channels, kernelShape);
  }

  const { variance, channels: zeroVarianceChannels } = handleZeroVariance(
    batchNorm.variance,
    zeroVariance,
  );
  const alpha = foldingFactors({ ...batchNorm, variance });
  return {
    kernel: kernel.map((weight, index) => weight * alpha[index % channels]),
    bias: beta.map((shift, c) => shift + ((bias?.[c] ?? 0) - mean[c]) * alpha[c]),
    alpha,
    zeroVarianceChannels,
  };
}

function expectLength(
  name: string,
  array: Float32Array,
  length: number,
  kernelShape: readonly number[],
): void {
  if (array.length !== length) {
    throw new InvalidValueError(
      `Expected ${length} values for ${name} of a kernel [${kernelShape}] but received ${array.length}`,
    );
  }
}
