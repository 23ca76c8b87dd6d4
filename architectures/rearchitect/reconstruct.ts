import * as tf from '@tensorflow/tfjs';
import type { Compile, TensorFunction } from '../graph/float_runner.ts';
import type { Variant } from '../variants.ts';
import { activationResiduals, FEATURE_MEANS, ResidualSums } from './activation_residuals.ts';
import {
  type Activation,
  type Chain,
  type ChainLayer,
  inputChannels,
  outputChannelOf,
  outputChannels,
} from './chain.ts';
import { removeDeadChannels } from './dead_channels.ts';
import { DEFAULT_LAMBDA, LayerFit, type Residuals } from './fit_layer.ts';
import { type TransposedProduct, weightTensors } from './forward.ts';
import { type BatchSource, type BatchState, ImageStates } from './image_states.ts';
import {
  batchMoments,
  type FittedLayer,
  layerMoments,
  ORIGINAL,
  REBUILT,
} from './layer_moments.ts';
import { Moments } from './moments.ts';
import type { ReadChain } from './read_chain.ts';

const DEFAULT_ACTIVATION_PASSES = 3;

/** Such a pass ends early once it has seen so many images and positions for each feature. */
const ENOUGH_IMAGES = 50;
const ENOUGH_POSITIONS = 40;

/** Room for 224 × 224: 250 images after `Conv2d_6_pointwise`, 500 after `Conv2d_12_pointwise`. */
const DEFAULT_BUDGET_BYTES = 256 * 2 ** 20;

export interface ReconstructOptions {
  /** The network to rebuild: a standard MobileNetV1. */
  readonly source: ReadChain;
  /** What it becomes; its depthwise layers are linear. */
  readonly variant: Variant;
  readonly images: BatchSource;
  readonly compile: Compile;
  readonly product: TransposedProduct;
  /**
   * Memory for activations that are kept between the passes; 256 MiB unless given. The pass that
   * replaces them by those of a later layer holds both.
   */
  readonly budgetBytes?: number | undefined;
  /**
   * Solutions after the first, each for the targets that the one before leaves behind the activation
   * (`activationResiduals`); 3 unless given.
   */
  readonly activationPasses?: number | undefined;
  /** Called after each pass (`passesOf`) with the layer and the number of passes so far. */
  readonly onProgress?: ((layer: string, passes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReconstructedLayer {
  /** slim's endpoint of the layer that was fitted. */
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
  /** With the rebuilt network's activations. */
  readonly chain: Chain;
  /** Of each fitted layer. */
  readonly statistics: ReadonlyMap<string, OutputStatistics>;
  readonly layers: readonly ReconstructedLayer[];
  /** Images that were read. */
  readonly images: number;
}

/** Passes over images that a reconstruction makes. */
export function passesOf(chain: Chain, activationPasses = DEFAULT_ACTIVATION_PASSES): number {
  return (1 + activationPasses) * chain.filter(({ kind }) => kind === 'pointwise').length;
}

/**
 * Rebuilds a standard MobileNetV1 as a variant whose depthwise layers are linear, so that it keeps
 * what it knows (README.md): layer by layer, the folded depthwise weights stay, the activation after
 * them goes, and the pointwise layer is fitted so that its linear output is the original's as nearly
 * as a linear layer can, given what the rebuilt network makes of the same images.
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
  /** The rebuilt network as far as it is fitted; the original's weights after that. */
  private readonly rebuilt: ChainLayer[];
  /** Images that the first pass read. */
  private images = 0;
  private readonly progress: (layer: string) => void;

  constructor(options: ReconstructOptions) {
    const { source, variant, images, budgetBytes = DEFAULT_BUDGET_BYTES, onProgress } = options;
    this.options = options;
    this.states = new ImageStates(images, budgetBytes);
    this.rebuilt = source.chain.map((layer) =>
      withoutChannels(
        { ...layer, activation: activationIn(variant, layer) },
        layer.kind === 'depthwise' ? (source.zeroVariance.get(layer.name) ?? []) : [],
      ),
    );
    let done = 0;
    this.progress = (layer) => onProgress?.(layer, ++done);
  }

  async run(): Promise<Reconstruction> {
    const statistics = new Map<string, OutputStatistics>();
    const layers: ReconstructedLayer[] = [];
    const { activationPasses = DEFAULT_ACTIVATION_PASSES } = this.options;
    let lambda = DEFAULT_LAMBDA;
    for (const [index, { kind, name }] of this.rebuilt.entries()) {
      if (kind !== 'pointwise') continue;
      const { fitting, heldOut } = await this.measure(index);
      const original = this.options.source.chain[index].kernel;
      const fit = new LayerFit(fitting, heldOut, original, lambda);
      this.takeOver(index, fit);
      for (let pass = 0; pass < activationPasses; pass++) {
        fit.improve(await this.residuals(index, fit.featureMeans()));
        this.takeOver(index, fit);
        this.progress(name);
      }
      lambda = fit.lambda;
      statistics.set(name, fit.statistics());
      layers.push({
        layer: name,
        unexplainedVariance: fit.unexplainedVariance,
        lambda,
        deadChannels: fit.constant.length,
        positions: fitting.positions + (heldOut?.positions ?? 0),
        features: fitting.inputs,
      });
    }
    const chain = removeDeadChannels(this.rebuilt);
    return { chain, statistics, layers, images: this.images };
  }

  dispose(): void {
    this.states.dispose();
  }

  private takeOver(index: number, { weights: kernel, bias, constant }: LayerFit): void {
    this.rebuilt[index - 1] = withoutChannels(this.rebuilt[index - 1], constant);
    this.rebuilt[index] = { ...this.rebuilt[index], kernel, bias };
  }

  /** A pass over all images: the moments of what the pointwise layer `index` reads and is to make. */
  private async measure(
    index: number,
  ): Promise<{ fitting: Moments; heldOut: Moments | undefined }> {
    const { source, product, signal } = this.options;
    const layer = this.rebuilt[index];
    const { parts, fitted } = this.stretch(index);
    const { call, dispose } = this.compiled(index, (inputs) =>
      layerMoments(inputs, parts, fitted, product),
    );
    const fitting = new Moments(inputChannels(layer), outputChannels(layer));
    const heldOut = new Moments(inputChannels(layer), outputChannels(layer));
    let images = 0;
    const advance = (state: BatchState): tf.NamedTensorMap | undefined => {
      signal?.throwIfAborted();
      const outputs = call(state.tensors);
      const { original, rebuilt, ...sums } = outputs as { original: tf.Tensor; rebuilt: tf.Tensor };
      let reached: tf.NamedTensorMap | undefined;
      try {
        (state.isHeldOut ? heldOut : fitting).add(batchMoments(sums));
        images += state.images;
        if (this.states.fits((original.size + rebuilt.size) / state.images)) {
          reached = { original, rebuilt };
        }
        return reached;
      } finally {
        tf.dispose(reached === undefined ? outputs : sums);
      }
    };
    try {
      await this.states.pass(index - 2, advance);
    } finally {
      dispose();
    }
    this.images = images;
    this.progress(source.chain[index].name);
    return { fitting, heldOut: heldOut.positions > 0 ? heldOut : undefined };
  }

  /** A pass over as many images as it takes: what the fitted layer `index` misses behind its activation. */
  private async residuals(index: number, featureMeans: Float64Array): Promise<Residuals> {
    const layer = this.rebuilt[index];
    const { parts, fitted } = this.stretch(index);
    const { call, dispose } = this.compiled(index, (inputs) =>
      activationResiduals(inputs, parts, fitted),
    );
    const sums = new ResidualSums(inputChannels(layer), outputChannels(layer));
    const means = tf.tensor1d(Float32Array.from(featureMeans));
    let images = 0;
    try {
      await this.states.visit((state) => {
        this.options.signal?.throwIfAborted();
        const outputs = call({ ...state.tensors, [FEATURE_MEANS]: means });
        sums.add(outputs);
        tf.dispose(outputs);
        images += state.images;
        const { positions } = sums.total;
        return images < ENOUGH_IMAGES || positions < ENOUGH_POSITIONS * inputChannels(layer);
      });
      return sums.total;
    } finally {
      dispose();
      means.dispose();
    }
  }

  /** What lies between the states that are kept and the pointwise layer `index`, in both networks. */
  private stretch(index: number) {
    const from = this.states.boundary + 1;
    const partOf = (chain: Chain) => chain.slice(from, index - 1);
    const fittedOf = (chain: Chain): FittedLayer => ({
      depthwise: chain[index - 1],
      pointwise: chain[index],
    });
    const { chain } = this.options.source;
    return {
      parts: { original: partOf(chain), rebuilt: partOf(this.rebuilt) },
      fitted: { original: fittedOf(chain), rebuilt: fittedOf(this.rebuilt) },
    };
  }

  /** A function that gets both networks' weights beside its own inputs. */
  private compiled(index: number, run: TensorFunction): ReturnType<Compile> {
    const from = this.states.boundary + 1;
    const weights = {
      ...weightTensors(ORIGINAL, this.options.source.chain.slice(from, index + 1)),
      ...weightTensors(REBUILT, this.rebuilt.slice(from, index + 1)),
    };
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

function activationIn(variant: Variant, { kind }: ChainLayer): Activation {
  if (kind === 'logits') return 'linear';
  return kind === 'depthwise' ? variant.depthwiseActivation : variant.activation;
}

/** The layer with these outputs 0. */
function withoutChannels(layer: ChainLayer, channels: readonly number[]): ChainLayer {
  if (channels.length === 0) return layer;
  const removed = new Set(channels);
  return {
    ...layer,
    kernel: layer.kernel.map((weight, i) => (removed.has(outputChannelOf(layer, i)) ? 0 : weight)),
    bias: layer.bias.map((value, channel) => (removed.has(channel) ? 0 : value)),
  };
}
