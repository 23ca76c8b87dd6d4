import type { ChannelAffine, ImageSize } from '../../input_affine.ts';
import type { Dimensions } from './dimensions.ts';
import type { FlatInput, FlatNode } from './flatten.ts';
import { type PartialShape, UnsupportedNodeError } from './graph_source.ts';
import { InputScaling } from './input_scaling.ts';
import type { ConvStep, PlainStep, Shape, Step } from './network.ts';
import type { GraphTensor } from './tensor_proto.ts';

export interface GraphNetwork {
  /** What errors call the file. */
  readonly fileName: string;
  /** As `flatten` gives them. */
  readonly nodes: readonly FlatNode[];
  readonly outputs: readonly FlatInput[];
  /** Of Const nodes and variables. */
  readonly constants: ReadonlyMap<FlatNode, GraphTensor>;
  /** [N, H, W, C] of inputs, by their names, where the graph does not say it itself. */
  readonly inputShapes?: ReadonlyMap<string, PartialShape> | undefined;
}

/** Floating-point constants. */
export type FloatTensor = GraphTensor & { readonly values: Float32Array };

/** What a node may add to a network that is being read. */
export class NetworkDraft {
  readonly graph: GraphNetwork;
  /** Of the images of a graph that leaves it open; the published networks' unless given. */
  readonly resolution: ImageSize | undefined;
  /** Those of the graph, and what is computed of them. */
  readonly constants: Map<FlatNode, GraphTensor>;
  /** Values of nodes that compute shapes. */
  readonly dimensions = new Map<FlatNode, Dimensions>();
  /** By name, in execution order. */
  readonly steps = new Map<string, Step>();
  /** Nodes whose images are without their batch. */
  readonly unbatched = new Set<FlatNode>();
  readonly scaling: InputScaling;
  readonly notes: string[] = [];
  /** Name of the step that makes a node's output. */
  private readonly made = new Map<FlatNode, string>();
  /** Names of the steps that make the further outputs of nodes that have several. */
  private readonly further = new Map<FlatNode, readonly string[]>();
  private readonly readers = new Map<FlatNode, number>();

  constructor(graph: GraphNetwork, resolution?: ImageSize) {
    this.graph = graph;
    this.resolution = resolution;
    this.constants = new Map(graph.constants);
    this.scaling = new InputScaling(graph.fileName);
    for (const { inputs } of graph.nodes) {
      for (const { node } of inputs) this.readers.set(node, this.readersOf(node) + 1);
    }
  }

  /** How often the node is read. */
  readersOf(node: FlatNode): number {
    return this.readers.get(node) ?? 0;
  }

  /** Adds a step that makes the node's output. */
  add<Kind extends Step>(node: FlatNode, step: Kind): Kind {
    if (step.shape.length === 0 || step.shape.some((side) => !(side >= 1))) {
      throw this.unsupported(node, `an output of [${step.shape}]`);
    }
    const named = { className: node.op, ...step };
    this.steps.set(step.name, named);
    this.made.set(node, step.name);
    return named;
  }

  /** The network ends before the node; steps that were begun for it stay unread. */
  forget(node: FlatNode): void {
    this.made.delete(node);
    this.further.delete(node);
  }

  /** A step without weights in the place of a node; with a suffix, one more behind it. */
  addPlain(node: FlatNode, op: PlainStep['op'], shape: Shape, suffix?: string): void {
    const input = suffix === undefined ? this.image(node).name : this.made.get(node)!;
    const name = suffix === undefined ? node.name : `${node.name}/${suffix}`;
    this.add(node, { op, name, inputs: [input], shape });
  }

  /** Puts another step in the place of one: it makes the node's output too. */
  replace(node: FlatNode, step: Step): void {
    this.steps.set(step.name, step);
    this.made.set(node, step.name);
  }

  /** The node changes nothing: its output is the step's. */
  pass(node: FlatNode, step: Step): void {
    this.made.set(node, step.name);
  }

  /** The node has several outputs: one a step. */
  addOutputs(node: FlatNode, steps: readonly Step[]): void {
    for (const step of steps) this.add(node, step);
    this.made.set(node, steps[0].name);
    this.further.set(
      node,
      steps.map(({ name }) => name),
    );
  }

  stepOf(node: FlatNode): Step | undefined {
    const name = this.made.get(node);
    return name === undefined ? undefined : this.steps.get(name);
  }

  /** The step that a node reads, which is no input that is still being scaled. */
  image(node: FlatNode, index = 0): Step {
    const input = node.inputs[index];
    if (input === undefined) throw this.unsupported(node, `it lacks input ${index}`);
    return this.imageFrom(node, input);
  }

  imageFrom(node: FlatNode, input: FlatInput): Step {
    const step = this.sourceOf(node, input);
    if (step.op !== 'input') return step;
    const left = this.scaling.leftOf(input.node);
    return left === undefined ? step : this.scaledInput(node, step, left);
  }

  /** The images, each channel multiplied and moved by itself: a convolution of one pixel. */
  private scaledInput(node: FlatNode, input: Step, { scale, offset }: ChannelAffine): Step {
    const name = `${input.name}_scaled`;
    const known = this.steps.get(name);
    if (known !== undefined) return known;
    const channels = input.shape.at(-1)!;
    if (input.shape.length !== 3 || ![1, channels].includes(scale.length)) {
      throw this.unsupported(node, `${scale.length} scales of images of [${input.shape}]`);
    }
    const whole = (values: readonly number[]) =>
      Float32Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]);
    const step: ConvStep = {
      op: 'depthwiseConv2d',
      name,
      inputs: [input.name],
      shape: input.shape,
      kernel: whole(scale),
      kernelShape: [1, 1, channels, 1],
      bias: whole(offset),
      strides: [1, 1],
      padding: 'valid',
    };
    this.steps.set(name, step);
    return step;
  }

  /** The step that makes a tensor; undefined of the images themselves, and of what is no step's. */
  find({ node, index }: FlatInput): Step | undefined {
    const name = this.further.get(node)?.[index] ?? this.made.get(node);
    const step = name === undefined ? undefined : this.steps.get(name);
    return step?.op === 'input' ? undefined : step;
  }

  /** As `imageFrom`, also of an input that is being scaled. */
  sourceOf(node: FlatNode, { node: from, output: outputName, index }: FlatInput): Step {
    const step = this.stepOf(from);
    if (step === undefined) {
      throw this.unsupported(node, `its input ${from.name} (${from.op}), which is no image`);
    }
    const output = this.further.get(from)?.[index];
    if (output !== undefined) return this.steps.get(output)!;
    // FusedBatchNorm's further outputs in functions: batch_mean, batch_variance.
    const isFirst = index === 0 && !outputName?.startsWith('batch_');
    if (!isFirst) throw this.unsupported(node, `output ${outputName ?? index} of ${from.name}`);
    return step;
  }

  constantOf(node: FlatNode, index: number): GraphTensor {
    const from = node.inputs[index]?.node;
    const constant = from && this.constants.get(from);
    if (constant === undefined) {
      const what = from === undefined ? '' : ` (${from.name}, ${from.op})`;
      throw this.unsupported(node, `input ${index}${what}, which must be a constant`);
    }
    return constant;
  }

  floats(node: FlatNode, index: number): FloatTensor {
    const { dtype, shape, values } = this.constantOf(node, index);
    if (!(values instanceof Float32Array)) {
      throw this.unsupported(node, `weights of ${dtype}; they are floating-point numbers`);
    }
    return { dtype, shape, values };
  }

  /** A constant of as many numbers as there are channels, or of one for all. */
  channels(node: FlatNode, { dtype, shape, values }: GraphTensor, channels: number): Float32Array {
    const isVector = shape.slice(0, -1).every((side) => side === 1);
    if (values instanceof Float32Array && isVector) {
      if (values.length === channels) return values;
      if (values.length === 1) return new Float32Array(channels).fill(values[0]);
    }
    throw this.unsupported(
      node,
      `a constant of ${dtype} [${shape}]; it has float32 [${channels}], one for each channel`,
    );
  }

  unsupported(node: FlatNode, what: string): UnsupportedNodeError {
    return new UnsupportedNodeError(node, this.graph.fileName, what);
  }
}
