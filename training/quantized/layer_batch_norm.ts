import * as tf from '@tensorflow/tfjs';
import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import { ZERO_VARIANCE_THRESHOLD } from '../../architectures/graph/fold_batch_norm.ts';
import type { FoldedBatchNorm } from '../../architectures/graph/operations/weighted.ts';
import type { Sums } from './quantized_nodes.ts';

/** Share of the statistics that a step keeps of those before. */
const MOMENTUM = 0.99;

/** Sums of a channel with a smaller factor say nothing of what it is made of. */
const LEAST_FACTOR = 2 ** -20;

/** What a channel begins with. */
interface Channel {
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
  readonly epsilon: number;
  /** A batch in which it varies less than this changes none of its statistics. */
  readonly least: number;
}

/**
 * The batch norm of a layer whose own one was folded: γ · (u − μ) / √(σ² + ε) + β of its sums u without a bias,
 * by its folded weights. At the start it changes nothing: γ and β are the deviation and the mean of the
 * layer's output as trained. Its statistics follow the sums that the network in integers makes, and it is
 * folded anew in every step (see README.md).
 */
export class LayerBatchNorm {
  /** By the names of a step's state; gamma and beta are trained. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly statistics: readonly tf.Variable[];
  private readonly gamma: tf.Variable;
  private readonly beta: tf.Variable;
  private readonly mean: tf.Variable;
  private readonly variance: tf.Variable;
  /** [M] each */
  private readonly epsilon: Float32Array;
  private readonly least: Float32Array;
  /** Of a factor a channel, as it meets the kernel. */
  private readonly factorShape: readonly number[];
  private readonly freezeAfter: number;

  /**
   * @param bias [M]: that of the quantized layer, corrections included, in real numbers
   * @param freezeAfter share of the run after which statistics stay
   */
  constructor(
    { name, op, kernelShape }: FloatWeightedNode,
    batchNorm: FoldedBatchNorm,
    bias: Float32Array,
    freezeAfter: number,
  ) {
    const dead = new Set(batchNorm.deadChannels);
    const channels = Array.from(bias, (value, m) =>
      dead.has(m) ? heldChannel(value) : channelOf(batchNorm, m, value),
    );
    const vector = (of: keyof Channel) => Float32Array.from(channels, (channel) => channel[of]);
    const variable = (of: keyof Channel, isTrained: boolean) =>
      tf.variable(tf.tensor1d(vector(of)), isTrained);
    this.gamma = variable('gamma', true);
    this.beta = variable('beta', true);
    this.mean = variable('mean', false);
    this.variance = variable('variance', false);
    this.epsilon = vector('epsilon');
    this.least = vector('least');
    this.factorShape = op === 'depthwiseConv2d' ? kernelShape.slice(2) : [bias.length];
    this.freezeAfter = freezeAfter;
    this.statistics = [this.mean, this.variance];
    this.variables = new Map([
      [`${name}/gamma`, this.gamma],
      [`${name}/beta`, this.beta],
      [`${name}/moving_mean`, this.mean],
      [`${name}/moving_variance`, this.variance],
    ]);
  }

  /** Weights and bias with the batch norm in them. @param kernel as the node's operation takes it */
  folded(kernel: tf.Tensor): { readonly kernel: tf.Tensor; readonly bias: tf.Tensor } {
    const factor = this.factor();
    return {
      kernel: kernel.mul(factor.reshape([...this.factorShape])),
      bias: this.beta.sub(this.mean.mul(factor)),
    };
  }

  /** Lets the statistics follow a batch's sums, of weights and bias that were folded as they are now. */
  follow({ levels, bias, scale }: Sums, progress: tf.Tensor): void {
    const positions = levels.size / this.epsilon.length;
    const axes = levels.shape.slice(0, -1).map((_, axis) => axis);
    const { mean, variance } = tf.moments(levels, axes);
    const factor = this.factor();
    const unit = scale.div(factor);
    // Of the population, as TensorFlow's moving variance is.
    const unbiased = variance.mul(positions / Math.max(positions - 1, 1)).mul(unit.square());
    const counts = unbiased
      .greater(tf.tensor1d(this.least))
      .logicalAnd(factor.abs().greater(LEAST_FACTOR))
      .logicalAnd(progress.less(this.freezeAfter));
    const move = (variable: tf.Variable, measured: tf.Tensor) => {
      const next = variable.mul(MOMENTUM).add(measured.mul(1 - MOMENTUM));
      variable.assign(tf.where(counts, next, variable));
    };
    move(this.mean, mean.sub(bias).mul(unit));
    move(this.variance, unbiased);
  }

  /** [M] γ / √(σ² + ε). As a product: a compiler makes one of a quotient by a root, with other last bits. */
  private factor(): tf.Tensor {
    return this.gamma.mul(this.variance.add(tf.tensor1d(this.epsilon)).rsqrt());
  }
}

/**
 * Its sums vary by α² · σ² as trained, of which the rest up to γ² is what ε was, and their mean is what brings
 * the output's to β.
 * @param bias of the quantized layer
 */
function channelOf(
  { alpha, beta, gamma, variance }: FoldedBatchNorm,
  m: number,
  bias: number,
): Channel {
  const own = alpha[m] ** 2 * variance[m];
  const epsilon = gamma[m] ** 2 - own;
  // Of γ = 0, or a variance without ε, no factor is finite where the sums stop varying.
  if (!(Math.fround(epsilon) > 0)) return heldChannel(bias);
  return {
    gamma: Math.abs(gamma[m]),
    beta: beta[m],
    mean: beta[m] - bias,
    variance: own,
    epsilon,
    least: alpha[m] ** 2 * ZERO_VARIANCE_THRESHOLD,
  };
}

/** A channel whose statistics stay, as a folded one: its batch norm is a factor, 1 at the start, and its bias. */
function heldChannel(bias: number): Channel {
  return { gamma: 1, beta: bias, mean: 0, variance: 0, epsilon: 1, least: Infinity };
}
