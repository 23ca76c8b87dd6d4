import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import {
  type FloatNode,
  type FloatWeightedNode,
  isActivated,
  isWeightedFloat,
} from '../../architectures/graph/float_node.ts';
import { boundOf } from '../../architectures/graph/operations/activation_function.ts';
import { operationOf } from '../../architectures/graph/operations/table.ts';
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
import { accumulatorScale, type QuantizationParams } from '../../quantize/params/quantization.ts';
import { isPerChannel } from '../../quantize/params/weight_quantization.ts';
import type { StepNetwork } from '../step/step_network.ts';
import { roundedQuotient } from './parameters.ts';
import {
  added,
  averaged,
  type ByteTensor,
  HALVES,
  joined,
  type LayerTensors,
  lookedUp,
  type Made,
  moved,
  multiplied,
  realOf,
  requantized,
  weightedLayer,
} from './quantized_nodes.ts';
import { requireTrainable } from './require_trainable.ts';
import { biasLimit, EXACT_SUM, sumBound } from './sum_bound.ts';
import { type RangeRules, TensorRange, type UsedRange } from './tensor_range.ts';

/** How a quantized network is trained, beyond the recipe of the training. */
export interface QuantizedTraining extends RangeRules {
  /** λ at the end of the run of the pull of weights to their levels (arXiv 2203.11086, from 0 on along a half cosine); 0: none. */
  readonly dampening: number;
}

/** Variables of a layer with weights. */
interface Layer {
  readonly kernel: tf.Variable;
  readonly bias: tf.Variable;
  readonly range: TensorRange;
  readonly biasLimit: number;
  readonly isSplit: boolean;
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
  private readonly graph: FloatGraph;
  private readonly start: Tf8Model;
  private readonly dampening: number;
  private readonly output: string;
  /** What the output that has the classes is made of. */
  private readonly nodes: readonly FloatNode[];
  private readonly inputScale: tf.Variable;
  private readonly ranges = new Map<string, TensorRange>();
  private readonly layers = new Map<string, Layer>();

  /**
   * @param graph folded, as it was quantized
   * @param start what it was quantized to: gives ranges, biases, and all but weights
   * @throws UserError naming a layer that cannot be trained so
   */
  constructor(graph: FloatGraph, start: Tf8Model, { dampening, ...rules }: QuantizedTraining) {
    requireTrainable(graph, start);
    this.graph = graph;
    this.start = start;
    this.dampening = dampening;
    this.output = outputNode(start).name;
    this.nodes = upstream(graph, this.output);
    this.inputScale = tf.variable(tf.scalar(start.input.quantization.scale), false);
    const specs = tensorSpecs(start);
    const taught = new Set(this.nodes);
    graph.nodes.forEach((node, index) => {
      // Nobody teaches what leads to other outputs.
      const own = taught.has(node) ? rules : ({ ...rules, ranges: 'observed' } as const);
      const { quantization } = byName(specs, node.name);
      if (hasRange(node)) {
        const bound = (isActivated(node) && boundOf(node.activation)) || Infinity;
        const range = new TensorRange(`${node.name}/range`, rangeOf(quantization), own, bound);
        this.ranges.set(node.name, range);
      }
      if (!isWeightedFloat(node)) return;
      const stored = start.nodes[index] as WeightedNode;
      const input = byName(specs, node.inputs[0]).quantization;
      this.layers.set(node.name, layerOf(node, stored, input, own));
    });
    const variablesOf = (node: FloatNode) => [
      ...(this.ranges.get(node.name)?.variables ?? []),
      ...layerVariables(node, this.layers.get(node.name)),
    ];
    this.weights = new Map([
      [`${start.input.name}/scale`, this.inputScale],
      ...graph.nodes.flatMap(variablesOf),
    ]);
    const trainable = this.nodes.flatMap(variablesOf).filter(([, { trainable: is }]) => is);
    this.trained = new Map(trainable);
    this.statistics = [...this.ranges.values()].flatMap((range) => range.statistics);
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
      if (made.real !== undefined) pass.observe(node, made.real);
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
      case 'fullyConnected': {
        const { range, ...rest } = this.layers.get(node.name)!;
        const layer: LayerTensors = { ...rest, range: pass.used(range), dampening };
        return weightedLayer(node, input, layer, pass.of(node.name));
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
      case 'batchNorm':
      case 'dropout':
      case 'mean':
      case 'prelu':
      case 'resize':
      case 'slice':
      case 'softmax':
      case 'sum':
      case 'transposedConv2d':
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

  /** @param real what the node makes, before it is clamped */
  observe(node: FloatNode, real: tf.Tensor): void {
    if (this.progress !== undefined) this.ranges.get(node.name)?.observe(real, this.progress);
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
    case 'subtract':
      return true;
    case 'averagePool2d':
    case 'batchNorm':
    case 'depthToSpace':
    case 'dropout':
    case 'globalAveragePool':
    case 'maxPool2d':
    case 'mean':
    case 'pad':
    case 'prelu':
    case 'reshape':
    case 'resize':
    case 'slice':
    case 'softmax':
    case 'spaceToDepth':
    case 'sum':
    case 'transpose':
    case 'transposedConv2d':
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

function rangeOf({ scale, zeroPoint }: QuantizationParams): [min: number, max: number] {
  return [0 - zeroPoint * scale, (255 - zeroPoint) * scale];
}

function layerOf(
  node: FloatWeightedNode,
  stored: WeightedNode,
  input: QuantizationParams,
  rules: RangeRules,
): Layer {
  const { quantization } = stored.weights;
  if (isPerChannel(quantization)) throw new Error(`Expected one range in ${node.name}`);
  const { shape } = operationOf(node).constants!(node).kernel;
  const scale = accumulatorScale(input.scale, quantization.scale);
  const bias = Float32Array.from(stored.bias, (value) => value * scale);
  return {
    kernel: tf.variable(tf.tensor(node.kernel, [...shape]), true),
    bias: tf.variable(tf.tensor1d(bias), true),
    range: new TensorRange(`${node.name}/weights/range`, rangeOf(quantization), rules, Infinity),
    biasLimit: biasLimit(stored),
    isSplit: sumBound(stored, input) > EXACT_SUM / 2,
  };
}

function layerVariables(node: FloatNode, layer: Layer | undefined): [string, tf.Variable][] {
  if (layer === undefined) return [];
  // Recipes tell weights that decay by these names.
  const kernel = node.op === 'depthwiseConv2d' ? 'depthwise_kernel' : 'kernel';
  return [
    [`${node.name}/${kernel}`, layer.kernel],
    [`${node.name}/bias`, layer.bias],
    ...layer.range.variables,
  ];
}

function storedNode(node: Tf8Node, { output, weights, table }: Made): Tf8Node {
  const quantization = numbersOf(output);
  const own = { ...node, output: { ...node.output, quantization } };
  if (isWeighted(own) && weights !== undefined) {
    const { bias, offsets, parameters } = weights;
    const params = numbersOf({ parameters });
    const data = Uint8Array.from(offsets.dataSync(), (offset) => offset + params.zeroPoint);
    return {
      ...own,
      weights: { ...own.weights, data, quantization: params },
      bias: Int32Array.from(bias.dataSync()),
    };
  }
  if (own.op === 'lookup') return { ...own, table: Uint8Array.from(table!.dataSync()) };
  return own;
}

function numbersOf({ parameters }: Pick<ByteTensor, 'parameters'>): QuantizationParams {
  const [scale, zeroPoint] = [parameters.scale, parameters.zeroPoint].map((x) => x.dataSync()[0]);
  return { scale, zeroPoint: zeroPoint + 0 };
}
