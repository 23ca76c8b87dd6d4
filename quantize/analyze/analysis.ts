/**
 * What an analysis finds of a float network and its TF8 counterpart (see README.md for the formulas).
 * Every `…Db` is a signal to quantization noise ratio in decibels, Infinity where nothing is lost,
 * −Infinity where there is noise and no signal.
 */
import type { ImageShape, Tf8Node } from '../model/tf8_model.ts';
import type { QuantizationParams } from '../params/quantization.ts';
import type { ActivationKind } from '../params/requantization.ts';
import type { RoundingName } from '../params/roundings.ts';

export interface Analysis {
  readonly model: string;
  /** Images that went through both networks. */
  readonly images: number;
  /** The first ones, whose logits tell what a layer costs the network. */
  readonly effectImages: number;
  /** The network's input as a tensor: its grid and how the images use it. */
  readonly input: TensorAnalysis & {
    readonly name: string;
    /** The images against what of them lies within the range, and against that rounded to bytes. */
    readonly saturationDb: number;
    readonly roundingDb: number;
    /** SQNR of the logits where only the input is quantized. */
    readonly logitsDb: number;
  };
  /** Names of the layers that make the outputs, where there are several. */
  readonly outputs?: readonly string[];
  /** In execution order. */
  readonly layers: readonly LayerAnalysis[];
  /** The costliest first; empty for a network that quantizes well. */
  readonly diagnosis: readonly Finding[];
  /** Absent where nobody looked. */
  readonly agreement?: Agreement;
  /** Only of images whose classes are known; with parts in TF8 where that was asked for. */
  readonly accuracy?: AccuracyAnalysis | PartialAccuracyAnalysis;
  /** Where the network has another rule of requantization than the default. */
  readonly profile?: ProfileAnalysis;
}

/** What a rule of requantization (eq. 16) costs a network against the default one, eq. 5. */
export interface ProfileAnalysis {
  readonly name: RoundingName;
  /** In execution order. */
  readonly layers: readonly ProfileLayer[];
  /** How often networks of both rules give an image the same first class; absent where there are no classes. */
  readonly agreement?: Agreement;
  /** The network by the default rule, with the scales that it would have. */
  readonly default?: {
    /** With the float network. */
    readonly agreement: Agreement;
    readonly accuracy?: AccuracyAnalysis;
  };
}

export interface ProfileLayer {
  readonly layer: string;
  /** Bytes of the output over all images. */
  readonly elements: number;
  /** Those that the default rule makes otherwise of the same inputs. */
  readonly differingHere: number;
  /** Those that differ where the whole network up to here has the default rule. */
  readonly differing: number;
  /** Of these, in bytes. */
  readonly maxDifference: number;
  /** Against float, the whole network up to here by this rule: mean over the images. */
  readonly sqnrDb: number;
  /** The same by the default rule and its own scales; absent of a layer that only this rule has. */
  readonly defaultSqnrDb?: number;
}

/** Signal to quantization noise of one tensor over the images. */
export interface SqnrStatistics {
  /** Of the images' own figures; images that lose nothing (or hold no signal) take no part. */
  readonly meanDb: number;
  readonly standardDeviationDb: number;
  readonly minDb: number;
  /** Quartiles by linear interpolation. */
  readonly lowerQuartileDb: number;
  readonly medianDb: number;
  readonly upperQuartileDb: number;
  readonly maxDb: number;
  /** 10 · log10(Σ over all images of x² / Σ over all images of noise²). */
  readonly pooledDb: number;
  /** Images that lose nothing. */
  readonly losslessImages: number;
}

/** One cause alone, all others switched off; pooled over the images. */
export interface CausesDb {
  /** The layer's input on its grid of 256 values, all else exact. */
  readonly inputQuantization: number;
  /** Weights and biases as the TF8 model stores them, all else exact. */
  readonly weightQuantization: number;
  /** The exact output clamped to what its bytes can say. */
  readonly saturation: number;
  /** The exact output rounded to its grid, without clamping. */
  readonly activationRequantization: number;
  /**
   * What the clip at 6 takes from ReLU's output. The float network clips alike: a loss against the
   * linear layer, not against float.
   */
  readonly relu6Clipping: number;
}

export type LossCause = keyof CausesDb;

/**
 * SQNR of the logits, pooled over the images of `Analysis.effectImages`; all else is exact. Of several outputs
 * that of the one which loses most.
 */
export interface LogitsDb {
  /** Only this layer's weights and biases as stored; Infinity where it has none. */
  readonly onlyWeights: number;
  /** Only this layer's output on its grid, saturation included. */
  readonly onlyOutput: number;
}

export interface LayerAnalysis {
  readonly name: string;
  readonly op: Tf8Node['op'];
  readonly inputs: readonly string[];
  readonly activation: ActivationKind;
  /** Exact input, this layer in TF8: the mean over the images. */
  readonly localSqnrDb: number;
  readonly local: SqnrStatistics;
  /** The whole network up to here in TF8: the mean over the images. */
  readonly cumulativeSqnrDb: number;
  readonly cumulative: SqnrStatistics;
  readonly causes: CausesDb;
  /** What reaches the end of the network where only this layer is quantized. */
  readonly logits: LogitsDb;
  /** The same by the names of the outputs, where there are several. */
  readonly outputs?: Readonly<Record<string, LogitsDb>>;
  readonly output: TensorAnalysis;
  /**
   * Of a depthwise layer: channels whose batch norm has zero variance, because nothing comes into them
   * (handled or not). Of other layers 0: a convolution's own channels of zero variance stand in
   * `weights.channels.batchNorm.dead`, and do no harm with the small weights that made them.
   */
  readonly deadChannels: number;
  /** Of a layer with weights. */
  readonly weights?: WeightAnalysis;
  /** Of a layer whose activation is ReLU6. */
  readonly relu6?: Relu6Analysis;
}

/** A tensor of activations: the exact values against the grid of its bytes. */
export interface TensorAnalysis {
  readonly shape: ImageShape;
  readonly quantization: QuantizationParams;
  /** Real values of the bytes 0 and 255. */
  readonly representable: Range;
  /** Of the exact values over the images. */
  readonly observed: Range;
  /** Share of the representable range that the observed one covers once it holds 0, in [0, 1]. */
  readonly rangeInUse: number;
  /** Share of the 256 bytes that stand for a value at all, in [0, 1]. */
  readonly codesInUse: number;
  readonly histogram: Histogram;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How many values are nearest to each byte; the value of byte q is scale · (q − zeroPoint). */
export interface Histogram {
  /** [256] */
  readonly counts: readonly number[];
  /** Shares of all values that lie outside the range by more than half a step, in [0, 1]; not in `counts`. */
  readonly below: number;
  readonly above: number;
}

export interface WeightAnalysis {
  /** Of weights with one scale a channel, that of the coarsest. */
  readonly quantization: QuantizationParams;
  /** [M], where each channel has its own. */
  readonly channelScales?: readonly number[];
  readonly range: Range;
  readonly histogram: Histogram;
  /** Of the weights themselves, whatever the images. */
  readonly sqnrDb: number;
  readonly channels: ChannelAnalysis;
  readonly accumulator: AccumulatorAnalysis;
}

/** By output channel; arrays are [M]. */
export interface ChannelAnalysis {
  readonly min: readonly number[];
  readonly max: readonly number[];
  /** Bytes from the least to the greatest weight, both counted, in [1, 256]. */
  readonly levels: readonly number[];
  /** Of the median channel that is not dead, in [1, 256]. */
  readonly medianLevels: number;
  /** Share of the layer's range that the median live channel covers, in [0, 1]; 0 where all weights are 0. */
  readonly medianShare: number;
  /** Channels whose largest |weight| is an outlier among the layer's (see `farOut`). */
  readonly wideChannels: readonly number[];
  /** Absent where no batch norm was folded. */
  readonly batchNorm?: {
    /** α = γ/√(σ² + ε), as folded. */
    readonly alpha: readonly number[];
    /** σ² as trained. */
    readonly variance: readonly number[];
    /** Channels of zero variance. */
    readonly dead: readonly number[];
    /** Channels whose |α| is an outlier among the layer's (see `farOut`). */
    readonly outliers: readonly number[];
  };
}

/** How near a layer's int32 numbers come to overflow (eq. 3 and 4). */
export interface AccumulatorAnalysis {
  /** The largest |bias| as int32. */
  readonly biasMax: number;
  /** The channel that has it. */
  readonly biasChannel: number;
  /** The largest |accumulator| over all inputs. */
  readonly bound: number;
  /** log2((2³¹ − 1) / bound): bits to spare, ≥ 0 in a model that was converted. */
  readonly headroomBits: number;
}

export interface Relu6Analysis {
  /** Share of the outputs that would be greater than 6, in [0, 1]. */
  readonly clippedShare: number;
  /** The greatest output without the clip. */
  readonly linearMax: number;
}

/** What is wrong with a layer. */
export type FindingCause =
  /** Channels of zero variance stretch the range of the weights. */
  | 'deadChannels'
  /** Other channels do. */
  | 'weightRange'
  /** Weights are coarse though no channel stands out. */
  | 'weightQuantization'
  /** The output leaves its calibrated range. */
  | 'saturation'
  /** The output's range is far wider than its values. */
  | 'rangeTooWide'
  /** The output's steps are coarse though its range is used. */
  | 'activationRequantization'
  /** The same of the network's input. */
  | 'inputQuantization'
  /** What a sum or a concatenation joins has steps of different sizes. */
  | 'unevenInputs'
  /** ReLU6 cuts values that the layer makes. */
  | 'relu6Clipping'
  /** A bias or accumulator is near the end of int32. */
  | 'overflowRisk';

/** What helps against a finding. */
export type AdviceCode =
  /** Give the channels of zero variance the mean variance of the layer's others. */
  | 'meanVariance'
  /** Bring a layer's channels to one size. */
  | 'equalizeChannels'
  /** Leave no channel's weights far from the others'. */
  | 'evenWeights'
  /** Calibrate on more images, or on images like those that the network will see. */
  | 'calibrateOnMore'
  /** Calibrate on images like those that the network will see. */
  | 'calibrateOnTypical'
  /** Bring the outputs that share a range to one size. */
  | 'evenOutputs'
  /** Preprocess images as for the training. */
  | 'samePreprocessing'
  /** Train with ReLU in the place of ReLU6. */
  | 'replaceRelu6'
  /** Make biases smaller, or sums shorter. */
  | 'smallerSums';

/**
 * What can be done with a network: `standard`, a MobileNet with batch norms after its depthwise layers,
 * can be re-architected; `rebuilt`, one without them, was; `other` has no depthwise layers.
 */
export type NetworkKind = 'standard' | 'rebuilt' | 'other';

/** A remedy as data; whoever shows it puts it into words. */
export interface Advice {
  readonly code: AdviceCode;
  /** What the network allows, on which the way to do it depends. */
  readonly network: NetworkKind;
}

/**
 * Noise on the logits by their energy, Σ noise² / Σ logits², that TF8 adds and that would go with the
 * cause; 0 for what TF8 does not add.
 */
export interface Cost {
  /** Of this layer alone. */
  readonly layer: number;
  /** Of the cause in all layers that have it: what one remedy for all of them wins back. */
  readonly cause: number;
}

export interface Finding {
  readonly layer: string;
  readonly cause: FindingCause;
  /** The costliest cause first, and of its layers the costliest. */
  readonly cost: Cost;
  /** One sentence with the figures. */
  readonly explanation: string;
  /** What helps against it. */
  readonly advice: Advice;
  /** The figures that say so, by name. */
  readonly evidence: Readonly<Record<string, number>>;
}

/** Top-1 and top-5 in percent. */
export interface Accuracy {
  readonly top1: number;
  readonly top5: number;
}

/** How often both networks give an image the same first class. */
export interface Agreement {
  readonly images: number;
  readonly agreeing: number;
}

/** Both networks on the same images. */
export interface AccuracyAnalysis {
  readonly images: number;
  readonly float: Accuracy;
  readonly tf8: Accuracy;
  /** Images whose class comes first in one of the two networks only; absent in older records. */
  readonly onlyFloatRight?: number;
  readonly onlyTf8Right?: number;
}

/** And with parts of the network in TF8. */
export interface PartialAccuracyAnalysis extends AccuracyAnalysis {
  /** Weights and biases as stored in TF8, activations exact. */
  readonly onlyWeights: Accuracy;
  /** Activations on their grids, weights exact. */
  readonly onlyActivations: Accuracy;
  /** By layer: only this one in TF8, and all but this one. */
  readonly layers: readonly {
    readonly layer: string;
    readonly onlyThis: Accuracy;
    readonly allButThis: Accuracy;
  }[];
}
