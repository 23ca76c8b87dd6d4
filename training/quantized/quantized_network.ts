import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import {
  type FloatNode,
  isActivated,
  isWeightedFloat,
} from '../../architectures/graph/float_node.ts';
import { boundOf } from '../../architectures/graph/operations/activation_function.ts';
import { slopesFor } from '../../quantize/convert/convert_graph.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { checkModel } from '../../quantize/model/check_model.ts';
import {
  isWeighted,
  outputNode,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../../quantize/model/tf8_model.ts';
import type { Nodes } from '../../quantize/ops/table.ts';
import type { StepNetwork } from '../step/step_network.ts';
import { HALVES } from './layer_sums.ts';
import { roundedQuotient } from './parameters.ts';
import { prelu } from './prelu.ts';
import { probabilities } from './probabilities.ts';
import {
  added,
  averaged,
  type ByteTensor,
  joined,
  lookedUp,
  type Made,
  moved,
  multiplied,
  realOf,
  requantized,
  weightedLayer,
} from './quantized_nodes.ts';
import { requireBatchNorms, requireTrainable } from './require_trainable.ts';
import { resized } from './resized.ts';
import { sliced } from './sliced.ts';
import { storedNode } from './stored_node.ts';
import { EXACT_SUM, sumBound } from './sum_bound.ts';
import { rangeOf, TensorRange, type UsedRange } from './tensor_range.ts';
import { type LayerRules, TrainedLayer } from './trained_layer.ts';
import { TrainedSlopes } from './trained_slopes.ts';

/** How a quantized network is trained, beyond the recipe of the training. */
export interface QuantizedTraining extends LayerRules {
  /** λ at the end of the run of the pull of weights to their levels (arXiv 2203.11086, from 0 on along a half cosine); 0: none. */
  readonly dampening: number;
}

/**
 * A network whose forward pass computes the bytes of the executor, to be trained (see README.md). Holds its
 * variables until `dispose`.
 */
export class QuantizedNetwork implements StepNetwork {
  readonly weights: ReadonlyMap<string, tf.Variable>;
  readonly trained: ReadonlyMap<string, tf.Variable>;
  readonly statistics: readonly tf.Variable[];
  readonly followsProgress = true;
  /** The name of the tensor that has a logit for each class. */
  readonly output: string;
  private readonly graph: FloatGraph;
  private readonly start: Tf8Model;
  private readonly dampening: number;
  /** What the logits are made of. */
  private readonly nodes: readonly FloatNode[];
  private readonly inputScale: tf.Variable;
  private readonly ranges = new Map<string, TensorRange>();
  private readonly layers = new Map<string, TrainedLayer>();
  private readonly slopes = new Map<string, TrainedSlopes>();

  /**
   * @param graph folded, as it was quantized
   * @param start what it was quantized to: gives ranges, biases, and all but weights
   * @throws UserError naming a layer that cannot be trained so, or where no batch norm is there to be estimated
   */
  constructor(graph: FloatGraph, start: Tf8Model, { dampening, ...rules }: QuantizedTraining) {
    requireTrainable(graph, start);
    this.graph = graph;
    this.start = start;
    this.dampening = dampening;
    this.output = logitsOf(start);
    this.nodes = upstream(graph, this.output);
    if (rules.batchNorms === 're-estimated') requireBatchNorms(graph.name, this.nodes);
    this.inputScale = tf.variable(tf.scalar(start.input.quantization.scale), false);
    const specs = tensorSpecs(start);
    const taught = new Set(this.nodes);
    graph.nodes.forEach((node, index) => {
      // Nobody teaches what leads to other outputs.
      const own: LayerRules = taught.has(node)
        ? rules
        : { ...rules, ranges: 'observed', batchNorms: 'frozen' };
      const { quantization } = byName(specs, node.name);
      if (hasRange(node)) {
        const bound = (isActivated(node) && boundOf(node.activation)) || Infinity;
        const range = new TensorRange(`${node.name}/range`, rangeOf(quantization), own, bound);
        this.ranges.set(node.name, range);
      }
      const stored = start.nodes[index];
      const { shape, quantization: input } = byName(specs, node.inputs[0]);
      if (isWeightedFloat(node)) {
        this.layers.set(node.name, new TrainedLayer(node, stored as WeightedNode, input, own));
      } else if (node.op === 'prelu') {
        const { values } = slopesFor(node, shape);
        this.slopes.set(node.name, new TrainedSlopes(stored as Nodes['prelu'], values, own));
      }
    });
    const variablesOf = ({ name }: FloatNode) => [
      ...(this.ranges.get(name)?.variables ?? []),
      ...(this.layers.get(name)?.variables ?? []),
      ...(this.slopes.get(name)?.variables ?? []),
    ];
    this.weights = new Map([
      [`${start.input.name}/scale`, this.inputScale],
      ...graph.nodes.flatMap(variablesOf),
    ]);
    const trainable = this.nodes.flatMap(variablesOf).filter(([, { trainable: is }]) => is);
    this.trained = new Map(trainable);
    this.statistics = [...this.ranges.values(), ...this.layers.values()].flatMap(
      ({ statistics }) => statistics,
    );
  }

  /** Layers whose batch norms' statistics follow the network in integers. */
  get reEstimatedLayers(): readonly string[] {
    return [...this.layers].filter(([, { isReEstimated }]) => isReEstimated).map(([name]) => name);
  }

  /** Layers whose sums are made in two halves, since they may pass 2²⁴. */
  get splitLayers(): readonly string[] {
    return [...this.layers].filter(([, { isSplit }]) => isSplit).map(([name]) => name);
  }

  /**
   * Layers whose sums may pass what is exact in single precision.
   * @param model as `tf8Model` made it
   */
  inexactLayers(model: Tf8Model): readonly string[] {
    const specs = tensorSpecs(model);
    return model.nodes.filter(isWeighted).flatMap((node) => {
      const { quantization } = byName(specs, node.inputs[0]);
      const limit = this.layers.get(node.name)!.isSplit ? HALVES * EXACT_SUM : EXACT_SUM;
      return sumBound(node, quantization) > limit ? [node.name] : [];
    });
  }

  train(images: tf.Tensor, { progress }: { readonly progress: tf.Tensor }): tf.Tensor2D {
    const tensors = this.walk(images, this.nodes, progress);
    return this.logitsIn(tensors, images);
  }

  predict(images: tf.Tensor): tf.Tensor2D {
    return this.logitsIn(this.walk(images, this.nodes, undefined), images);
  }

  /** Every tensor as bytes, by name, the input's included: of images [N, H, W, C] float32. */
  bytes(images: tf.Tensor): tf.NamedTensorMap {
    const bytes: tf.NamedTensorMap = {};
    for (const [name, { offsets, parameters }] of this.walk(images, this.graph.nodes, undefined)) {
      bytes[name] = offsets.add(parameters.zeroPoint);
    }
    return bytes;
  }

  /**
   * The network as it is now.
   * @throws QuantizationError where an accumulator may leave int32
   */
  tf8Model(): Tf8Model {
    const nodes: Tf8Node[] = [];
    tf.tidy(() => {
      const made = new Map<string, Made>();
      const image = tf.zeros([1, ...this.graph.input.shape]);
      this.walk(image, this.graph.nodes, undefined, (name, one) => made.set(name, one));
      nodes.push(...this.start.nodes.map((node) => storedNode(node, made.get(node.name)!)));
    });
    const model = { ...this.start, nodes };
    checkModel(model);
    return model;
  }

  /** Frees the memory of its weights. */
  dispose(): void {
    tf.dispose([...this.weights.values()]);
  }

  private logitsIn(tensors: ReadonlyMap<string, ByteTensor>, images: tf.Tensor): tf.Tensor2D {
    return realOf(tensors.get(this.output)!).reshape([images.shape[0], -1]);
  }

  /** @param progress of the run, in a step of training */
  private walk(
    images: tf.Tensor,
    nodes: readonly FloatNode[],
    progress: tf.Tensor | undefined,
    visit?: (name: string, made: Made) => void,
  ): ReadonlyMap<string, ByteTensor> {
    const pass = new Pass(this.ranges, progress);
    const dampening = progress && this.dampening > 0 ? this.pull(progress) : undefined;
    const tensors = new Map([[this.graph.input.name, this.input(images)]]);
    for (const node of nodes) {
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      const made = this.apply(node, inputs, pass, dampening);
      pass.observe(node, made, this.layers.get(node.name));
      visit?.(node.name, made);
      tensors.set(node.name, made.output);
    }
    return tensors;
  }

  private input(images: tf.Tensor): ByteTensor {
    const zeroPoint = tf.scalar(this.start.input.quantization.zeroPoint);
    const levels = roundedQuotient(images, this.inputScale);
    const offsets = levels.add(zeroPoint).clipByValue(0, 255).sub(zeroPoint);
    return { offsets, parameters: { scale: this.inputScale, zeroPoint } };
  }

  /** Whether TF8 has the node as bytes in other places (eq. 11). */
  private isRearranged(name: string): boolean {
    return this.start.nodes.some((node) => node.name === name && node.op === 'rearrange');
  }

  private pull(progress: tf.Tensor): tf.Tensor {
    return tf.sub(1, progress.mul(Math.PI).cos()).mul(this.dampening / 2);
  }

  private apply(
    node: FloatNode,
    inputs: readonly ByteTensor[],
    pass: Pass,
    dampening: tf.Tensor | undefined,
  ): Made {
    const [input] = inputs;
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
      case 'fullyConnected':
      case 'transposedConv2d': {
        const layer = this.layers.get(node.name)!;
        const tensors = layer.tensors(pass.used(layer.range), dampening);
        return weightedLayer(node, input, tensors, pass.of(node.name));
      }
      case 'add':
      case 'subtract':
        return added(node, inputs, pass.of(node.name));
      case 'multiply':
        return multiplied(inputs, pass.of(node.name));
      case 'concat':
        return joined(node, inputs, pass.of(node.name));
      case 'requantize':
        return requantized(input, pass.of(node.like ?? node.name));
      case 'activation':
        return lookedUp(node, input, pass.of(node.name));
      case 'averagePool2d':
      case 'globalAveragePool':
        return averaged(node, input);
      case 'maxPool2d':
      case 'maximum':
      case 'minimum':
      case 'pad':
      case 'reshape':
      case 'transpose':
      case 'depthToSpace':
      case 'spaceToDepth':
        return moved(node, inputs);
      case 'prelu': {
        const slopes = this.slopes.get(node.name)!;
        return prelu(input, slopes.quantized(pass.used(slopes.range)), pass.of(node.name));
      }
      case 'resize':
        return resized(node, input, this.isRearranged(node.name));
      case 'slice':
        return { output: { ...input, offsets: sliced(node, input.offsets) } };
      case 'softmax':
        return probabilities(input);
      case 'batchNorm':
      case 'dropout':
      case 'mean':
      case 'sum':
        throw new Error(`Expected ${node.name} (${node.op}) to be refused before`);
    }
  }
}

/** One way through the network, in which each range is used as one. */
class Pass {
  private readonly ranges: ReadonlyMap<string, TensorRange>;
  private readonly progress: tf.Tensor | undefined;
  private readonly inUse = new Map<TensorRange, UsedRange>();

  constructor(ranges: ReadonlyMap<string, TensorRange>, progress: tf.Tensor | undefined) {
    this.ranges = ranges;
    this.progress = progress;
  }

  /** The range of a node's output. */
  of(name: string): UsedRange {
    return this.used(this.ranges.get(name)!);
  }

  used(range: TensorRange): UsedRange {
    const { progress } = this;
    const used =
      this.inUse.get(range) ?? (progress === undefined ? range.fixed() : range.trained(progress));
    this.inUse.set(range, used);
    return used;
  }

  /** Lets what follows the images follow what a node makes of them. @param layer with its weights */
  observe({ name }: FloatNode, { real, sums }: Made, layer: TrainedLayer | undefined): void {
    if (this.progress === undefined) return;
    if (real !== undefined) this.ranges.get(name)?.observe(real, this.progress);
    if (sums !== undefined) layer?.follow(sums, this.progress);
  }
}

/** Whether the output has scale and zero point of its own. */
function hasRange(node: FloatNode): boolean {
  switch (node.op) {
    case 'requantize':
      return node.like === undefined;
    case 'activation':
    case 'add':
    case 'concat':
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'fullyConnected':
    case 'maximum':
    case 'minimum':
    case 'multiply':
    case 'prelu':
    case 'subtract':
    case 'transposedConv2d':
      return true;
    case 'averagePool2d':
    case 'batchNorm':
    case 'depthToSpace':
    case 'dropout':
    case 'globalAveragePool':
    case 'maxPool2d':
    case 'mean':
    case 'pad':
    case 'reshape':
    case 'resize':
    case 'slice':
    case 'softmax':
    case 'spaceToDepth':
    case 'sum':
    case 'transpose':
      return false;
  }
}

/** The nodes that a tensor is made by, in execution order. */
function upstream({ nodes }: FloatGraph, output: string): readonly FloatNode[] {
  const needed = new Set([output]);
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.name)) continue;
    for (const input of node.inputs) needed.add(input);
    if (node.op === 'requantize' && node.like !== undefined) needed.add(node.like);
  }
  return nodes.filter(({ name }) => needed.has(name));
}

/** The name of the tensor that has a logit for each class: what a softmax at the end reads. */
function logitsOf(model: Tf8Model): string {
  const { op, name, inputs } = outputNode(model);
  return op === 'softmax' ? inputs[0] : name;
}
