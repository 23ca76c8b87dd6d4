import * as tf from '@tensorflow/tfjs';
import { type FloatGraph, floatGraph } from '../graph/float_graph.ts';
import {
  type FloatNode,
  type FloatWeightedNode,
  isActivated,
  isWeightedFloat,
} from '../graph/float_node.ts';
import type { Compile, TensorFunction } from '../graph/float_runner.ts';
import { removeDeadChannels } from '../graph/passes/remove_dead_channels.ts';
import { makerOf } from '../graph/passes/rewrite.ts';
import {
  activationResiduals,
  FEATURE_MEANS,
  hasRelu,
  ResidualSums,
} from './activation_residuals.ts';
import { DEFAULT_LAMBDA, LayerFit, type Residuals } from './fit_layer.ts';
import { type BatchSource, type BatchState, ImageStates } from './image_states.ts';
import { batchMoments, layerMoments } from './layer_moments.ts';
import { Moments } from './moments.ts';
import type { TransposedProduct } from './run_nodes.ts';
import { isExpansion, residualOf, type SeparablePair } from './separable_pairs.ts';
import { type Fit, type Stretch, Stretches, stretchWeights } from './stretch.ts';

const DEFAULT_ACTIVATION_PASSES = 3;

/** Such a pass ends early once it has seen so many images and positions for each feature. */
const ENOUGH_IMAGES = 50;
const ENOUGH_POSITIONS = 40;

/** Room for MobileNetV1 at 224 × 224: 250 images after `Conv2d_6_pointwise`, 500 after `Conv2d_12_pointwise`. */
const DEFAULT_BUDGET_BYTES = 256 * 2 ** 20;

/** What of a network is rebuilt. */
export interface Rebuilding {
  /** The network, folded (`foldedGraph`). */
  readonly source: FloatGraph;
  /** Whose depthwise convolutions become linear. */
  readonly pairs: readonly SeparablePair[];
  /** Whether ReLU6 becomes ReLU before and behind them. */
  readonly unclipped: boolean;
}

export interface ReconstructOptions extends Rebuilding {
  readonly images: BatchSource;
  readonly compile: Compile;
  readonly product: TransposedProduct;
  /**
   * Memory for activations that are kept between the passes; 256 MiB unless given. The pass that
   * replaces them by those of a later layer holds both.
   */
  readonly budgetBytes?: number | undefined;
  /**
   * Solutions after the first, each for the targets that the one before leaves behind the ReLU, where
   * there is one (`activationResiduals`); 3 unless given.
   */
  readonly activationPasses?: number | undefined;
  /** Called after each pass (`passesOf`) with the layer and the number of passes so far. */
  readonly onProgress?: ((layer: string, passes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReconstructedLayer {
  /** The pointwise convolution that was fitted. */
  readonly layer: string;
  /** Of the original's linear output, on held-out images; null where there is no such variance. */
  readonly unexplainedVariance: number | null;
  /** Strength of the penalty relative to the mean variance of the features. */
  readonly lambda: number;
  /** Constant channels of the depthwise layer before it, which were removed. */
  readonly deadChannels: number;
  /** Positions that it was fitted on: images times the pixels of its output. */
  readonly positions: number;
  /** Channels that it reads. */
  readonly features: number;
}

/** Of each output of a layer, without its bias, over the images that it was fitted on; [M] each. */
export interface OutputStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface Reconstruction {
  /** The rebuilt network, folded. */
  readonly graph: FloatGraph;
  /** Of each fitted layer. */
  readonly statistics: ReadonlyMap<string, OutputStatistics>;
  readonly layers: readonly ReconstructedLayer[];
  /** Images that were read. */
  readonly images: number;
}

/** Passes over images that a reconstruction makes. */
export function passesOf(
  rebuilding: Rebuilding,
  activationPasses = DEFAULT_ACTIVATION_PASSES,
): number {
  const { source, pairs } = rebuilding;
  const nodes = new Map(unfittedNodes(rebuilding).map((node) => [node.name, node]));
  return pairs.reduce((passes, { pointwise }) => {
    const original = makerOf(source, pointwise) as FloatWeightedNode;
    const rebuilt = nodes.get(pointwise) as FloatWeightedNode;
    return passes + 1 + (hasRelu(original, rebuilt) ? activationPasses : 0);
  }, 0);
}

/**
 * Rebuilds a network with some of its depthwise layers linear, so that it keeps what it knows (README.md):
 * layer by layer, the folded depthwise weights stay, the activation after them goes, and the pointwise layer
 * is fitted so that its linear output is the original's as nearly as a linear layer can, given what the
 * rebuilt network makes of the same images.
 *
 * @throws RearchitectError for no images, images of another shape, activations that are not finite
 */
export async function reconstruct(options: ReconstructOptions): Promise<Reconstruction> {
  const reconstructor = new Reconstructor(options);
  try {
    return await reconstructor.run();
  } finally {
    reconstructor.dispose();
  }
}

class Reconstructor {
  private readonly options: ReconstructOptions;
  private readonly states: ImageStates;
  private readonly fits: readonly Fit[];
  private readonly stretches: Stretches;
  /** The rebuilt network as far as it is fitted; the original's weights after that. */
  private readonly rebuilt: FloatNode[];
  /** Images that the first pass read. */
  private images = 0;
  private readonly progress: (layer: string) => void;

  constructor(options: ReconstructOptions) {
    const { source, images, budgetBytes = DEFAULT_BUDGET_BYTES, onProgress } = options;
    this.options = options;
    this.states = new ImageStates(images, source.input.name, budgetBytes);
    this.rebuilt = unfittedNodes(options);
    this.fits = fitsOf(options);
    const differing = differingTensors(source, this.rebuilt);
    const networks = { original: source, rebuilt: this.rebuilt, differing };
    this.stretches = new Stretches(networks, this.fits);
    let done = 0;
    this.progress = (layer) => onProgress?.(layer, ++done);
  }

  async run(): Promise<Reconstruction> {
    const statistics = new Map<string, OutputStatistics>();
    const layers: ReconstructedLayer[] = [];
    const { source, activationPasses = DEFAULT_ACTIVATION_PASSES } = this.options;
    let lambda = DEFAULT_LAMBDA;
    for (const fit of this.fits) {
      const { layer } = fit;
      const original = makerOf(source, layer) as FloatWeightedNode;
      const { fitting, heldOut } = await this.measure(fit);
      const fitted = new LayerFit(fitting, heldOut, Float64Array.from(original.kernel), lambda);
      this.takeOver(fit, fitted);
      if (activationPasses > 0 && hasRelu(original, this.nodeOf(layer))) {
        await this.improve(fit, fitted, activationPasses);
      }
      lambda = fitted.lambda;
      statistics.set(layer, fitted.statistics());
      layers.push({
        layer,
        unexplainedVariance: fitted.unexplainedVariance,
        lambda,
        deadChannels: fitted.constant.length,
        positions: fitting.positions + (heldOut?.positions ?? 0),
        features: fitting.inputs,
      });
    }
    const graph = removeDeadChannels(floatGraph({ ...source, nodes: this.rebuilt }));
    return { graph, statistics, layers, images: this.images };
  }

  dispose(): void {
    this.states.dispose();
  }

  private nodeOf(name: string): FloatWeightedNode {
    return this.rebuilt[this.stretches.placeOf(name)] as FloatWeightedNode;
  }

  private takeOver({ layer, depthwise }: Fit, { weights, bias, constant }: LayerFit): void {
    const replace = (node: FloatNode) => {
      this.rebuilt[this.stretches.placeOf(node.name)] = node;
    };
    replace(withoutChannels(this.nodeOf(depthwise), constant));
    const kernel = Float32Array.from(weights);
    replace({ ...this.nodeOf(layer), kernel, bias: Float32Array.from(bias) });
  }

  /** A pass over all images: the moments of what a layer reads and is to make. */
  private async measure(fit: Fit): Promise<{ fitting: Moments; heldOut: Moments | undefined }> {
    const { product, signal } = this.options;
    const { kernelShape, bias } = this.nodeOf(fit.layer);
    const { boundary } = this.states;
    const next = this.stretches.placeOf(fit.from);
    const state = this.stretches.state(next);
    const isKept = next > boundary && this.states.fits(this.stretches.valuesOf(state));
    const known = new Set(this.stretches.state(boundary));
    const made = isKept ? state.filter((tensor) => !known.has(tensor)) : [];
    const stretch = this.stretches.to(fit, boundary, made);
    const { call, dispose } = this.compiled(stretch, (inputs) =>
      layerMoments(inputs, stretch, made, product),
    );
    const fitting = new Moments(kernelShape[2], bias.length);
    const heldOut = new Moments(kernelShape[2], bias.length);
    const carried = isKept
      ? this.stretches.stateNames(state.filter((name) => known.has(name)))
      : [];
    const madeNames = this.stretches.stateNames(made);
    let images = 0;
    const advance = ({ tensors, isHeldOut, images: count }: BatchState) => {
      signal?.throwIfAborted();
      const outputs = call(tensors);
      try {
        (isHeldOut ? heldOut : fitting).add(batchMoments(outputs));
        images += count;
        if (!isKept) return undefined;
        const kept = [
          ...madeNames.map((name) => [name, outputs[name].clone()] as const),
          ...carried.map((name) => [name, tensors[name].clone()] as const),
        ];
        return Object.fromEntries(kept);
      } finally {
        tf.dispose(outputs);
      }
    };
    try {
      await this.states.pass(isKept ? next : undefined, advance);
    } finally {
      dispose();
    }
    this.images = images;
    this.progress(fit.layer);
    return { fitting, heldOut: heldOut.positions > 0 ? heldOut : undefined };
  }

  /** Fits a layer to what it misses behind its ReLU, so many times. */
  private async improve(fit: Fit, fitted: LayerFit, passes: number): Promise<void> {
    const stretch = this.stretches.to(fit, this.states.boundary);
    // The passes differ in the weights alone, which are inputs.
    const { call, dispose } = this.options.compile((inputs) =>
      activationResiduals(inputs, stretch),
    );
    try {
      for (let pass = 0; pass < passes; pass++) {
        fitted.improve(await this.residuals(fit, fitted.featureMeans(), call));
        this.takeOver(fit, fitted);
        this.progress(fit.layer);
      }
    } finally {
      dispose();
    }
  }

  /** A pass over as many images as it takes: what a fitted layer misses behind its ReLU. */
  private async residuals(
    fit: Fit,
    featureMeans: Float64Array,
    call: TensorFunction,
  ): Promise<Residuals> {
    const { kernelShape, bias } = this.nodeOf(fit.layer);
    const [, , features] = kernelShape;
    const weights = stretchWeights(this.stretches.to(fit, this.states.boundary));
    const sums = new ResidualSums(features, bias.length);
    const means = tf.tensor1d(Float32Array.from(featureMeans));
    let images = 0;
    try {
      await this.states.visit((state) => {
        this.options.signal?.throwIfAborted();
        const outputs = call({ ...state.tensors, ...weights, [FEATURE_MEANS]: means });
        sums.add(outputs);
        tf.dispose(outputs);
        images += state.images;
        return images < ENOUGH_IMAGES || sums.total.positions < ENOUGH_POSITIONS * features;
      });
      return sums.total;
    } finally {
      tf.dispose(weights);
      means.dispose();
    }
  }

  /** A function that gets both networks' weights beside its own inputs. */
  private compiled(stretch: Stretch, run: TensorFunction): ReturnType<Compile> {
    const weights = stretchWeights(stretch);
    const { call, dispose } = this.options.compile(run);
    return {
      call: (inputs) => call({ ...inputs, ...weights }),
      dispose: () => {
        dispose();
        tf.dispose(weights);
      },
    };
  }
}

/** The layers that are fitted, in execution order. */
function fitsOf({ source, pairs }: Rebuilding): Fit[] {
  const places = new Map(source.nodes.map(({ name }, index) => [name, index]));
  return pairs
    .map(({ depthwise, pointwise, before }): Fit => {
      const layer = makerOf(source, pointwise) as FloatWeightedNode;
      const residual = layer.activation === 'linear' ? residualOf(source, pointwise) : undefined;
      const from = before !== undefined && isExpansion(source, before) ? before : depthwise;
      return { layer: pointwise, depthwise, residual, from };
    })
    .sort((a, b) => places.get(a.layer)! - places.get(b.layer)!);
}

/** The network with its new activations, and without the channels that batch norms saw constant. */
function unfittedNodes({ source, pairs, unclipped }: Rebuilding): FloatNode[] {
  const depthwise = new Set(pairs.map((pair) => pair.depthwise));
  const clipped = new Set(
    unclipped ? pairs.flatMap(({ before = [], pointwise }) => [before, pointwise].flat()) : [],
  );
  return source.nodes.map((node) => {
    if (!isActivated(node)) return node;
    if (depthwise.has(node.name) && isWeightedFloat(node)) {
      const dead = node.batchNorm?.deadChannels ?? [];
      return { ...withoutChannels(node, dead), activation: 'linear' };
    }
    const isUnclipped = clipped.has(node.name) && node.activation === 'relu6';
    return isUnclipped ? { ...node, activation: 'relu' } : node;
  });
}

function differingTensors({ nodes }: FloatGraph, rebuilt: readonly FloatNode[]): Set<string> {
  const differing = new Set<string>();
  nodes.forEach((node, index) => {
    const differs = node !== rebuilt[index] || node.inputs.some((name) => differing.has(name));
    if (differs) differing.add(node.name);
  });
  return differing;
}

/** The layer with these outputs 0. */
function withoutChannels<Node extends FloatWeightedNode>(
  node: Node,
  channels: readonly number[],
): Node {
  if (channels.length === 0) return node;
  const removed = new Set(channels);
  const outputs = node.bias.length;
  return {
    ...node,
    kernel: node.kernel.map((weight, i) => (removed.has(i % outputs) ? 0 : weight)),
    bias: node.bias.map((value, channel) => (removed.has(channel) ? 0 : value)),
  };
}
