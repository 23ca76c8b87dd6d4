/**
 * A LayersModel that Keras wrote as one that TensorFlow.js computes the same with. TensorFlow.js drops the
 * fields that it does not know, and refuses others that say nothing: each field is read here, before.
 */
import type { io } from '@tensorflow/tfjs';
import {
  type ChannelAffine,
  composed,
  foldIntoKernel,
  IDENTITY,
  type ImageSize,
  inputMap,
  isIdentity,
  type PixelRange,
  sameAffine,
} from '../input_affine.ts';
import { type FlatLayer, type FlatNetwork, flattenModel } from './flat_network.ts';
import { isTensors, type LayerCall, readKerasTopology, type TensorRef } from './keras_topology.ts';
import { nameWeights, type StoredWeight, valuesOf, weightOf } from './layer_weights.ts';
import { readOperation } from './operation_layer.ts';
import {
  type BuiltLayer,
  type KerasWriter,
  normalizingAffine,
  type Rewritten,
  rewriteLayer,
  unsupportedLayer,
} from './rewrite_layer.ts';
import { damagedModel } from './weights_manifest.ts';

export interface NormalizedModel {
  /** As TensorFlow.js reads it. */
  readonly topology: object;
  readonly weightSpecs: io.WeightsManifestEntry[];
  readonly weightData: Uint8Array<ArrayBuffer>;
  /** What the network takes pixels for, where it says so. */
  readonly range: PixelRange | undefined;
  /** What the file's network does to its input that this one does not. */
  readonly done: ChannelAffine | undefined;
  /** Of the Keras that described it. */
  readonly version: 2 | 3;
  /** What was decided, for the user. */
  readonly notes: readonly string[];
}

/** ε of a batch norm that only multiplies and adds; its variance makes σ² + ε one. */
const NEUTRAL_EPSILON = 0.001;

/** The published networks' where a network leaves the size of its images open. */
const DEFAULT_SIDE = 224;

/** A layer that is to be made. */
interface Node {
  readonly name: string;
  readonly className: string;
  config: Readonly<Record<string, unknown>>;
  calls: readonly (readonly TensorRef[])[];
  /** Of an affine map, which is no layer yet. */
  readonly affine?: ChannelAffine;
  readonly source: FlatLayer;
}

/**
 * @param topology `modelTopology` of a model.json
 * @param stored the weights, by any names that tell their layers
 * @param options.resolution of the images of a network that leaves it open; 224 × 224 unless given
 * @param options.isOwnFile whether Keras runs the file, and not TensorFlow.js
 * @throws UserError naming the class, layer and field that is not known, or that TensorFlow.js cannot
 *   compute; or where the topology is damaged
 */
export function normalizeModel(
  topology: unknown,
  stored: readonly StoredWeight[],
  path: string,
  {
    resolution,
    isOwnFile,
  }: { readonly resolution?: ImageSize | undefined; readonly isOwnFile: boolean },
): NormalizedModel {
  const { model, version } = readKerasTopology(topology, path);
  const network = flattenModel(model, path);
  const weights = new Map(nameWeights(network, stored).map((weight) => [weight.spec.name, weight]));
  const writer = { version, isOwnFile };
  return new Normalization(network, writer, weights, path, resolution).run();
}

class Normalization {
  private readonly network: FlatNetwork;
  private readonly writer: KerasWriter;
  private readonly weights: Map<string, StoredWeight>;
  private readonly path: string;
  private readonly resolution: ImageSize | undefined;
  private readonly nodes: Node[] = [];
  private readonly notes: string[] = [];
  private range: PixelRange | undefined;
  private done: ChannelAffine | undefined;

  constructor(
    network: FlatNetwork,
    writer: KerasWriter,
    weights: Map<string, StoredWeight>,
    path: string,
    resolution: ImageSize | undefined,
  ) {
    this.resolution = resolution;
    this.network = network;
    this.writer = writer;
    this.weights = weights;
    this.path = path;
  }

  run(): NormalizedModel {
    const rewritten = this.network.layers.map((layer) => {
      const operation = readOperation(layer, this.path);
      if (operation !== undefined) return { layer, ...operation, calls: [operation.inputs] };
      return {
        layer,
        rewritten: rewriteLayer(layer, this.writer, this.path),
        calls: layer.calls.map((call) => this.inputsOf(layer, call)),
      };
    });
    // Name of a layer of the network → that of the one whose output is its own.
    const ends = new Map(
      rewritten.map(({ layer: { name }, rewritten: { layers = [] } }) => [
        name,
        layers.length > 1 ? behind(name, layers.at(-1)!.className) : name,
      ]),
    );
    const moved = (ref: TensorRef) => ({ ...ref, layer: ends.get(ref.layer)! });
    for (const { layer, rewritten: made, calls } of rewritten) {
      this.addLayer(
        layer,
        made,
        calls.map((call) => call.map(moved)),
      );
    }
    this.giveImagesTheirChannels();
    const finished = this.withoutAffines(this.network.outputs.map(moved));
    return this.written(finished.nodes, finished.outputs);
  }

  private addLayer(layer: FlatLayer, rewritten: Rewritten, calls: Node['calls']): void {
    const { name } = layer;
    if (rewritten.kind !== 'layers') {
      const affine = this.affineOf(layer, rewritten);
      this.nodes.push({ name, className: 'Affine', config: {}, calls, affine, source: layer });
      return;
    }
    const [first, second] = rewritten.layers;
    const made = first.className === 'InputLayer' ? this.withSize(first) : first;
    this.nodes.push({ name, ...made, calls, source: layer });
    if (second === undefined) return;
    this.nodes.push({
      name: behind(name, second.className),
      ...second,
      calls: calls.map((_, call) => [{ layer: name, call, output: 0 }]),
      source: layer,
    });
  }

  /** Images of an open size get that of the published networks. */
  private withSize(input: BuiltLayer): BuiltLayer {
    const shape = input.config.batch_input_shape as readonly (number | null)[];
    if (shape.length !== 4 || (shape[1] !== null && shape[2] !== null)) return input;
    const [height, width] = this.resolution ?? [DEFAULT_SIDE, DEFAULT_SIDE];
    const sides = [null, shape[1] ?? height, shape[2] ?? width, shape[3]];
    this.notes.push(
      `the network leaves the size of its images open: it is read for ${sides[1]} × ${sides[2]}`,
    );
    return { ...input, config: { ...input.config, batch_input_shape: sides } };
  }

  /** The tensors of a call, whose other arguments say nothing of inference. */
  private inputsOf(layer: FlatLayer, { inputs, constants, kwargs }: LayerCall): TensorRef[] {
    const { inputs: named, training: _, mask, ...others } = kwargs;
    const isSet = (value: unknown) => value !== null && value !== undefined;
    const [unknown] = [
      ...Object.entries(others),
      ...[...constants].map(([position, value]) => [`argument ${position}`, value] as const),
      ['mask', mask] as const,
    ].find(([, value]) => isSet(value)) ?? [undefined];
    if (unknown !== undefined) {
      throw unsupportedLayer(layer, this.path, `it is called with ${unknown}`);
    }
    return [...inputs, ...(isTensors(named) ? named : [])];
  }

  private affineOf(
    layer: FlatLayer,
    rewritten: Exclude<Rewritten, { kind: 'layers' }>,
  ): ChannelAffine {
    if (rewritten.kind === 'affine') return rewritten.affine;
    const [mean, variance] = ['mean', 'variance'].map((weight) => {
      const stored = this.weights.get(`${layer.name}/${weight}`);
      if (stored === undefined) {
        throw damagedModel(
          `Expected the weight ${layer.name}/${weight} in ${this.path} but there is none`,
        );
      }
      return [...valuesOf(stored, this.path)];
    });
    for (const weight of ['mean', 'variance', 'count']) {
      this.weights.delete(`${layer.name}/${weight}`);
    }
    return normalizingAffine(mean, variance);
  }

  /** TensorFlow.js has to know the sides that a Reshape leaves open, for convolutions behind it. */
  private giveImagesTheirChannels(): void {
    const channels = new Map<string, number | undefined>();
    for (const node of this.ordered()) {
      const inputs = (node.calls[0] ?? []).map(({ layer }) => channels.get(layer));
      const target = node.config.target_shape as readonly number[] | undefined;
      if (target?.includes(-1) && node.source.className.startsWith('Global')) {
        const [known] = inputs;
        if (known === undefined) {
          throw unsupportedLayer(
            node.source,
            this.path,
            'keepdims of an unknown number of channels',
          );
        }
        node.config = { target_shape: target.map((side) => (side === -1 ? known : side)) };
      }
      channels.set(node.name, channelsOf(node, inputs));
    }
  }

  /**
   * Affine maps of the input go into its range, into the first convolution or become a layer; others
   * become layers.
   */
  private withoutAffines(outputs: readonly TensorRef[]): {
    nodes: Node[];
    outputs: readonly TensorRef[];
  } {
    const [input] = this.nodes.filter(({ className }) => className === 'InputLayer');
    /** Name of a node that only maps the input → what it makes of it. */
    const maps = new Map<string, ChannelAffine>();
    if (input !== undefined) maps.set(input.name, IDENTITY);
    for (const node of this.ordered()) {
      const isPassing = node.className === 'Activation' && node.config.activation === 'linear';
      if (node.affine === undefined && !isPassing) continue;
      const from = node.calls.length === 1 && node.calls[0].length === 1 && node.calls[0][0].layer;
      const before = from ? maps.get(from) : undefined;
      if (before !== undefined) maps.set(node.name, composed(before, node.affine ?? IDENTITY));
    }
    const readers = this.nodes.filter(
      (node) =>
        !maps.has(node.name) &&
        node.calls.some((call) => call.some(({ layer }) => maps.has(layer))),
    );
    const read = readers.flatMap(({ calls }) =>
      calls.flat().flatMap(({ layer }) => maps.get(layer) ?? []),
    );
    const isOneMap =
      read.length > 0 &&
      read.every((map) => sameAffine(map, read[0])) &&
      outputs.every(({ layer }) => !maps.has(layer));
    if (!isOneMap || input === undefined) {
      return { nodes: this.nodes.map((node) => this.asLayer(node)), outputs };
    }
    const source = isIdentity(read[0]) ? input.name : this.mapInput(input, read[0], readers);
    for (const node of readers) {
      node.calls = node.calls.map((call) =>
        call.map((ref) => (maps.has(ref.layer) ? { layer: source, call: 0, output: 0 } : ref)),
      );
    }
    const left = this.nodes.filter(({ name }) => !maps.has(name) || name === input.name);
    return { nodes: left.map((node) => this.asLayer(node)), outputs };
  }

  /** @returns the name of the layer that the first ones read */
  private mapInput(input: Node, affine: ChannelAffine, readers: readonly Node[]): string {
    const { range, left, note } = inputMap(affine);
    this.range = range;
    this.notes.push(note);
    if (left === undefined) {
      this.done = affine;
      return input.name;
    }
    const [first] = readers;
    if (readers.length === 1 && this.foldInto(first, left)) return input.name;
    const channels = (input.config.batch_input_shape as (number | null)[]).at(-1) ?? 0;
    const { scale, offset } = composed({ scale: Array(channels).fill(1), offset: [0] }, left);
    if (scale.length !== channels) {
      throw unsupportedLayer(
        input.source,
        this.path,
        `its ${channels} channels are scaled by ${scale.length} numbers`,
      );
    }
    const name = `${input.name}_scaled`;
    this.nodes.push({
      name,
      className: 'DepthwiseConv2D',
      config: {
        kernel_size: [1, 1],
        strides: [1, 1],
        padding: 'valid',
        depth_multiplier: 1,
        use_bias: true,
      },
      calls: [[{ layer: input.name, call: 0, output: 0 }]],
      source: input.source,
    });
    this.addWeight(`${name}/depthwise_kernel`, [1, 1, channels, 1], scale);
    this.addWeight(`${name}/bias`, [channels], offset);
    return name;
  }

  /** Whether the convolution took the map: it puts no zeros around the image. */
  private foldInto(node: Node, affine: ChannelAffine): boolean {
    const { name, className, config, calls } = node;
    const isExact =
      className === 'Conv2D' &&
      (config.padding ?? 'valid') === 'valid' &&
      calls.length === 1 &&
      config.data_format !== 'channels_first';
    const kernel = this.weights.get(`${name}/kernel`);
    if (!isExact || kernel?.spec.shape.length !== 4) return false;
    const { shape } = kernel.spec;
    const folded = foldIntoKernel(valuesOf(kernel, this.path), shape, affine);
    const own = this.weights.get(`${name}/bias`);
    const bias = own === undefined ? undefined : valuesOf(own, this.path);
    this.addWeight(`${name}/kernel`, shape, folded.kernel);
    this.addWeight(
      `${name}/bias`,
      [shape[3]],
      folded.bias.map((value, index) => value + (bias?.[index] ?? 0)),
    );
    node.config = { ...config, use_bias: true };
    return true;
  }

  /** An affine map inside of the network. */
  private asLayer(node: Node): Node {
    const { name, affine } = node;
    if (affine === undefined) return node;
    const { scale, offset } = affine;
    const length = Math.max(scale.length, offset.length);
    if (length === 1) {
      const config = { scale: scale[0], offset: offset[0] };
      return { ...node, className: 'Rescaling', config };
    }
    const whole = composed({ scale: Array(length).fill(1), offset: [0] }, affine);
    this.addWeight(`${name}/gamma`, [length], whole.scale);
    this.addWeight(`${name}/beta`, [length], whole.offset);
    this.addWeight(`${name}/moving_mean`, [length], Array(length).fill(0));
    this.addWeight(`${name}/moving_variance`, [length], Array(length).fill(1 - NEUTRAL_EPSILON));
    const config = { axis: -1, epsilon: NEUTRAL_EPSILON };
    return { ...node, className: 'BatchNormalization', config };
  }

  private addWeight(name: string, shape: readonly number[], values: ArrayLike<number>): void {
    this.weights.set(name, weightOf(name, shape, Float32Array.from(values)));
  }

  /** Nodes behind what they read; the file's order is any. */
  private ordered(): Node[] {
    const done = new Set<string>();
    const ordered: Node[] = [];
    let left = this.nodes;
    for (let before = Infinity; left.length > 0 && left.length < before; ) {
      before = left.length;
      left = left.filter((node) => {
        if (!node.calls.flat().every(({ layer }) => done.has(layer) || layer === node.name)) {
          return true;
        }
        done.add(node.name);
        ordered.push(node);
        return false;
      });
    }
    return ordered;
  }

  private written(nodes: readonly Node[], outputs: readonly TensorRef[]): NormalizedModel {
    const refOf = ({ layer, call, output }: TensorRef) => [layer, call, output];
    const layers = nodes.map(({ name, className, config, calls }) => ({
      name,
      class_name: className,
      config: { ...config, name },
      inbound_nodes:
        className === 'InputLayer'
          ? []
          : calls.map((call) => call.map((ref) => [...refOf(ref), {}])),
    }));
    const weights = [...this.weights.values()];
    return {
      topology: {
        class_name: 'Model',
        config: {
          name: this.network.name,
          layers,
          input_layers: this.network.inputs.map(refOf),
          output_layers: outputs.map(refOf),
        },
      },
      weightSpecs: weights.map(({ spec }) => spec),
      weightData: new Uint8Array(Buffer.concat(weights.map(({ bytes }) => bytes))),
      range: this.range,
      done: this.done,
      version: this.writer.version,
      notes: this.notes,
    };
  }
}

/** Name of the second of two layers that stand for one. */
function behind(name: string, className: string): string {
  return `${name}_${className.toLowerCase()}`;
}

/** Channels of a layer's output; undefined where its configuration does not tell. */
function channelsOf(
  { className, config }: Node,
  inputs: readonly (number | undefined)[],
): number | undefined {
  const [first] = inputs;
  const count = (field: string) => {
    const value = config[field];
    return typeof value === 'number' ? value : undefined;
  };
  switch (className) {
    case 'InputLayer':
      return (config.batch_input_shape as readonly (number | null)[]).at(-1) ?? undefined;
    case 'Conv2D':
    case 'GroupedConv2D':
    case 'SeparableConv2D':
    case 'Conv2DTranspose':
      return count('filters');
    case 'Dense':
      return count('units');
    case 'DepthwiseConv2D':
      return first === undefined ? undefined : first * (count('depth_multiplier') ?? 1);
    case 'Concatenate':
      return inputs.reduce(
        (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
        0,
      );
    case 'Reshape':
    case 'Flatten':
    case 'Permute':
    case 'Dot':
      return undefined;
    default:
      return first;
  }
}
