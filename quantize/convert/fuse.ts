import type * as tf from '@tensorflow/tfjs';
import {
  type FloatGraph,
  type FloatNode,
  type FloatWeightedNode,
  type FoldedBatchNorm,
  isWeightedFloat,
} from '../../architectures/graph/float_graph.ts';
import {
  foldBatchNorm,
  handleZeroVariance,
  type ZeroVariancePolicy,
} from '../../architectures/graph/fold_batch_norm.ts';
import {
  activationOf,
  addPadding,
  pair,
  reluKind,
  requireChannelAxis,
  requireChannelsLast,
  unsupported,
  windowPadding,
} from '../../architectures/graph/keras_layer.ts';
import {
  readLayersModel,
  type SourceLayer,
  type SourceModel,
} from '../../architectures/graph/read_layers_model.ts';
import { byName } from '../model/by_name.ts';
import type { ImageShape } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import type { ActivationKind } from '../params/requantization.ts';
import { NO_PADDING, type Padding } from '../params/window.ts';

/** Layers that change nothing in memory. */
const RESHAPES: ReadonlySet<string> = new Set(['Reshape', 'Flatten']);

export interface FuseOptions {
  /** What to do with depthwise batch-norm channels of zero variance; see `foldBatchNorm`. */
  readonly zeroVariance: ZeroVariancePolicy;
}

/** A tensor of the source network: the node that makes it, and what its user must take over. */
interface Made {
  readonly node: string;
  readonly shape: ImageShape;
  /** Zeros around the node's output. */
  readonly padding: Padding;
  /** Its shape is not that of the node's output, padded: only a Dense layer reads it so. */
  readonly reshaped: boolean;
  /** Another layer reads the node's output too, here or on the way here. */
  readonly shared: boolean;
}

/**
 * Folds batch norms, fuses activations and resolves padding: a LayersModel as TF8's operations in
 * float. Softmax at the end is left out (TF8 outputs logits); dropout and reshapes vanish.
 * @throws QuantizationError naming the layer that TF8 has no operation for
 */
export function fuseLayersModel(model: tf.LayersModel, options: FuseOptions): FloatGraph {
  return new Fuser(readLayersModel(model), options).graph();
}

class Fuser {
  private readonly source: SourceModel;
  private readonly options: FuseOptions;
  private readonly nodes = new Map<string, FloatNode>();
  private readonly made = new Map<string, Made>();
  private readonly users = new Map<string, number>();
  private readonly zeroVarianceChannels = new Map<string, readonly number[]>();
  private readonly batchNorms = new Map<string, FoldedBatchNorm>();
  private input: SourceLayer | undefined;

  constructor(source: SourceModel, options: FuseOptions) {
    this.source = source;
    this.options = options;
    for (const { inputs } of source.layers) {
      for (const name of inputs) this.users.set(name, (this.users.get(name) ?? 0) + 1);
    }
  }

  graph(): FloatGraph {
    for (const layer of this.source.layers) this.add(layer);
    const nodes = [...this.nodes.values()];
    const { node: output, shape } = byName(this.made, this.source.outputName);
    const last = nodes.at(-1);
    if (this.input === undefined || last === undefined || last.name !== output) {
      throw new QuantizationError(
        `Expected ${this.source.name} to end in its logits but its last operation is ${last?.name ?? 'missing'}`,
      );
    }
    if (
      last.outputShape[0] !== 1 ||
      last.outputShape[1] !== 1 ||
      shape[2] !== last.outputShape[2]
    ) {
      throw new QuantizationError(
        `Expected ${this.source.name} to end in logits [1, 1, classes] but ${last.name} makes [${last.outputShape}]`,
      );
    }
    return {
      name: this.source.name,
      inputName: this.input.name,
      inputShape: this.input.outputShape,
      nodes,
      zeroVarianceChannels: this.zeroVarianceChannels,
      batchNorms: this.batchNorms,
    };
  }

  private add(layer: SourceLayer): void {
    const { className, config } = layer;
    requireChannelsLast(layer);
    switch (className) {
      case 'InputLayer':
        this.input = layer;
        this.setMade(layer);
        return;
      case 'Conv2D':
      case 'DepthwiseConv2D':
      case 'Dense':
        this.addNode(layer, this.weighted(layer));
        return;
      case 'BatchNormalization':
        this.foldInto(layer);
        return;
      case 'ReLU':
        this.activate(layer, reluKind(layer));
        return;
      case 'Activation':
        if (config.activation === 'softmax') this.end(layer);
        else this.activate(layer, activationOf(layer));
        return;
      case 'ZeroPadding2D':
        this.pad(layer);
        return;
      case 'Softmax':
        this.end(layer);
        return;
      case 'Dropout':
      case 'Reshape':
      case 'Flatten':
        this.pass(layer);
        return;
      case 'AveragePooling2D':
      case 'MaxPooling2D':
        this.addNode(layer, this.pool(layer));
        return;
      case 'GlobalAveragePooling2D':
        this.addNode(layer, { ...this.base(layer), op: 'globalAveragePool' });
        return;
      case 'Concatenate':
        requireChannelAxis(layer, 'joins');
        this.addNode(layer, { ...this.base(layer), op: 'concat' });
        return;
      default:
        throw unsupported(
          layer,
          `the operation; it has Conv2D, DepthwiseConv2D, Dense, BatchNormalization, ReLU, Activation, ZeroPadding2D, Dropout, Softmax, Reshape, Flatten, AveragePooling2D, MaxPooling2D, GlobalAveragePooling2D, Concatenate`,
        );
    }
  }

  private addNode(layer: SourceLayer, node: FloatNode): void {
    this.nodes.set(layer.name, node);
    this.setMade(layer);
  }

  /** The layer's output is its own node's. */
  private setMade({ name, outputShape: shape }: SourceLayer): void {
    const shared = this.isShared(name);
    this.made.set(name, { node: name, shape, padding: NO_PADDING, reshaped: false, shared });
  }

  private isShared(name: string): boolean {
    return (this.users.get(name) ?? 0) > 1;
  }

  /** What the layer reads, in its own shape. */
  private imageBefore(layer: SourceLayer, name = layer.inputs[0]): Made {
    const made = byName(this.made, name);
    if (made.reshaped) {
      throw unsupported(layer, `the shape [${made.shape}] that ${name} gives to ${made.node}`);
    }
    return made;
  }

  /** The node's names and shape; refuses padding that only a convolution can take over. */
  private base(layer: SourceLayer): { name: string; inputs: string[]; outputShape: ImageShape } {
    const inputs = layer.inputs.map((name) => {
      const made = this.imageBefore(layer, name);
      if (made.padding !== NO_PADDING) throw unsupported(layer, 'zero padding in front of it');
      return made.node;
    });
    return { name: layer.name, inputs, outputShape: layer.outputShape };
  }

  private weighted(layer: SourceLayer): FloatWeightedNode {
    const { className, config, weights, outputShape, name } = layer;
    const input = byName(this.made, layer.inputs[0]);
    const kernel = weights[0];
    const outputs = outputShape[2];
    const common = {
      name,
      inputs: [input.node],
      outputShape,
      kernel: kernel.data,
      bias: weights[1]?.data ?? new Float32Array(outputs),
      // A softmax at the end of the network is left out: TF8 outputs logits.
      activation:
        config.activation === 'softmax' && this.isEnd(name) ? 'linear' : activationOf(layer),
    } as const;
    if (className === 'Dense') {
      if (input.padding !== NO_PADDING) throw unsupported(layer, 'zero padding in front of it');
      const [height, width, channels] = input.shape;
      const depth = height * width * channels;
      if (kernel.shape[0] !== depth) {
        throw unsupported(layer, `an image [${input.shape}] as its input; flatten it`);
      }
      return {
        ...common,
        op: 'fullyConnected',
        kernelShape: [1, 1, depth, outputs],
        strides: [1, 1],
        padding: NO_PADDING,
      };
    }
    this.imageBefore(layer);
    if (pair(config.dilation_rate ?? 1).some((rate) => rate !== 1)) {
      throw unsupported(layer, 'dilation');
    }
    const kernelShape = kernel.shape as unknown as FloatWeightedNode['kernelShape'];
    const strides = pair(config.strides);
    const own = windowPadding(layer, input.shape, [kernelShape[0], kernelShape[1]], strides);
    return {
      ...common,
      op: className === 'Conv2D' ? 'conv2d' : 'depthwiseConv2d',
      kernelShape,
      strides,
      padding: addPadding(own, input.padding),
    };
  }

  private pool(layer: SourceLayer): FloatNode {
    const windowShape = pair(layer.config.pool_size);
    const strides = pair(layer.config.strides);
    const base = this.base(layer);
    const input = byName(this.made, layer.inputs[0]);
    return {
      ...base,
      op: layer.className === 'MaxPooling2D' ? 'maxPool2d' : 'averagePool2d',
      windowShape,
      strides,
      padding: windowPadding(layer, input.shape, windowShape, strides),
    };
  }

  /** The convolution that a batch norm or an activation goes into. */
  private producer(layer: SourceLayer): FloatWeightedNode {
    const source = layer.inputs[0];
    const made = byName(this.made, source);
    const node = this.nodes.get(made.node);
    if (node === undefined || !isWeightedFloat(node) || node.activation !== 'linear') {
      throw unsupported(layer, `its place after ${source}: it must follow a convolution`);
    }
    if (made.shared) {
      throw unsupported(
        layer,
        `its place: ${node.name}, which it would be fused into, has other users`,
      );
    }
    return node;
  }

  private replace(layer: SourceLayer, node: FloatWeightedNode): void {
    this.nodes.set(node.name, node);
    this.pass(layer);
  }

  private foldInto(layer: SourceLayer): void {
    const node = this.producer(layer);
    // β of a padded position would not be the 0 that the next convolution pads with.
    const { padding } = this.imageBefore(layer);
    if (padding !== NO_PADDING) throw unsupported(layer, 'zero padding in front of it');
    requireChannelAxis(layer, 'normalizes');
    const { config } = layer;
    const channels = node.outputShape[2];
    const weights = [...layer.weights];
    const take = (present: unknown, otherwise: number): Float32Array =>
      present === false ? new Float32Array(channels).fill(otherwise) : weights.shift()!.data;
    const gamma = take(config.scale, 1);
    const beta = take(config.center, 0);
    const [mean, variance] = [weights[0].data, weights[1].data];
    const folded = foldBatchNorm({
      kernel: node.kernel,
      kernelShape: node.kernelShape,
      kind: node.op === 'depthwiseConv2d' ? 'depthwise' : 'conv',
      bias: node.bias,
      batchNorm: { gamma, beta, mean, variance, epsilon: config.epsilon as number },
      zeroVariance: node.op === 'depthwiseConv2d' ? this.options.zeroVariance : 'keep',
    });
    const isBad = (value: number) => !Number.isFinite(value);
    const bad = folded.kernel.find(isBad) ?? folded.bias.find(isBad);
    if (bad !== undefined) {
      throw new QuantizationError(
        `Expected finite weights of ${node.name} after folding ${layer.name} but one is ${bad}`,
      );
    }
    if (folded.zeroVarianceChannels.length > 0) {
      this.zeroVarianceChannels.set(node.name, folded.zeroVarianceChannels);
    }
    this.batchNorms.set(node.name, {
      alpha: folded.alpha,
      variance,
      deadChannels: handleZeroVariance(variance, 'mean').channels,
    });
    this.replace(layer, { ...node, kernel: folded.kernel, bias: folded.bias });
  }

  private activate(layer: SourceLayer, activation: ActivationKind): void {
    if (activation === 'linear') this.pass(layer);
    else this.replace(layer, { ...this.producer(layer), activation });
  }

  private pad(layer: SourceLayer): void {
    const input = this.imageBefore(layer);
    const [[top, bottom], [left, right]] = layer.config.padding as [
      [number, number],
      [number, number],
    ];
    this.made.set(layer.name, {
      ...input,
      shape: layer.outputShape,
      padding: addPadding(input.padding, { top, bottom, left, right }),
      shared: input.shared || this.isShared(layer.name),
    });
  }

  /** A softmax: TF8 ends at the logits. Only their shape may change after it. */
  private end(layer: SourceLayer): void {
    if (!this.isEnd(layer.name)) {
      throw unsupported(layer, 'a softmax that is not the end of the network');
    }
    this.pass(layer);
  }

  /** Whether nothing but reshapes follows. */
  private isEnd(name: string): boolean {
    const users = this.source.layers.filter(({ inputs }) => inputs.includes(name));
    return users.every((user) => RESHAPES.has(user.className) && this.isEnd(user.name));
  }

  /** The layer changes nothing in memory: its users read what it reads. */
  private pass(layer: SourceLayer): void {
    const input = byName(this.made, layer.inputs[0]);
    const { outputShape: shape, name } = layer;
    const reshaped = input.reshaped || shape.join() !== input.shape.join();
    const shared = input.shared || this.isShared(name);
    this.made.set(name, { ...input, shape, reshaped, shared });
  }
}
