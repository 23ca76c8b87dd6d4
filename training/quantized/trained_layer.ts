import * as tf from '@tensorflow/tfjs';
import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import { operationOf } from '../../architectures/graph/operations/table.ts';
import type { WeightedNode } from '../../quantize/model/tf8_model.ts';
import { accumulatorScale, type QuantizationParams } from '../../quantize/params/quantization.ts';
import { isPerChannel } from '../../quantize/params/weight_quantization.ts';
import { LayerBatchNorm } from './layer_batch_norm.ts';
import type { LayerTensors, Sums } from './quantized_nodes.ts';
import { startKernel } from './start_kernel.ts';
import { biasLimit, EXACT_SUM, sumBound } from './sum_bound.ts';
import { type RangeRules, rangeOf, TensorRange } from './tensor_range.ts';

/** How a layer is trained. */
export interface LayerRules extends RangeRules {
  /** `frozen`: folded once and for all, the default. `re-estimated`: statistics follow the network in integers. */
  readonly batchNorms?: 'frozen' | 're-estimated';
}

/** A layer with weights as it is trained, with its variables. */
export class TrainedLayer {
  /** By the names of a step's state. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Of these, those that follow the images; ranges apart. */
  readonly statistics: readonly tf.Variable[];
  /** Of the weights. */
  readonly range: TensorRange;
  /** Whether sums are made in two halves. */
  readonly isSplit: boolean;
  private readonly kernel: tf.Variable;
  /** Or, with a batch norm, what that is folded into. */
  private readonly bias: tf.Variable | undefined;
  private readonly norm: LayerBatchNorm | undefined;
  private readonly biasLimit: number;

  /**
   * @param stored what it was quantized to
   * @param input parameters of what it reads
   */
  constructor(
    node: FloatWeightedNode,
    stored: WeightedNode,
    input: QuantizationParams,
    rules: LayerRules,
  ) {
    const { name, op, batchNorm } = node;
    const { quantization } = stored.weights;
    if (isPerChannel(quantization)) throw new Error(`Expected one range in ${name}`);
    const { shape } = operationOf(node).constants!(node).kernel;
    const scale = accumulatorScale(input.scale, quantization.scale);
    const bias = Float32Array.from(stored.bias, (value) => value * scale);
    const kernel = startKernel(node.kernel, stored.weights.data, quantization);
    this.kernel = tf.variable(tf.tensor(kernel, [...shape]), true);
    if (rules.batchNorms === 're-estimated' && batchNorm !== undefined) {
      this.norm = new LayerBatchNorm(node, batchNorm, bias, rules.freezeAfter);
    } else {
      this.bias = tf.variable(tf.tensor1d(bias), true);
    }
    this.range = new TensorRange(`${name}/weights/range`, rangeOf(quantization), rules, Infinity);
    this.biasLimit = biasLimit(stored);
    this.isSplit = sumBound(stored, input) > EXACT_SUM / 2;
    this.statistics = this.norm?.statistics ?? [];
    // Recipes tell weights that decay by these names.
    const kernelName = op === 'depthwiseConv2d' ? 'depthwise_kernel' : 'kernel';
    this.variables = new Map([
      [`${name}/${kernelName}`, this.kernel],
      ...(this.bias === undefined ? [] : ([[`${name}/bias`, this.bias]] as const)),
      ...(this.norm?.variables ?? []),
      ...this.range.variables,
    ]);
  }

  /** Whether its statistics follow the images. */
  get isReEstimated(): boolean {
    return this.norm !== undefined;
  }

  /** What a pass computes with. */
  tensors(range: LayerTensors['range'], dampening: LayerTensors['dampening']): LayerTensors {
    const { kernel, bias, norm, biasLimit, isSplit } = this;
    const weights = norm === undefined ? { kernel, bias: bias! } : norm.folded(kernel);
    return { ...weights, range, biasLimit, isSplit, dampening };
  }

  /** Lets its statistics follow a batch. @param progress of the run */
  follow(sums: Sums, progress: tf.Tensor): void {
    this.norm?.follow(sums, progress);
  }
}
