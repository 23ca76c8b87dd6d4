import type { FindingCause, LayerAnalysis } from './analysis.ts';

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

/** What helps against a cause in a network of these layers. */
export function adviceFor(cause: FindingCause, layers: readonly LayerAnalysis[]): Advice {
  return { code: CODES[cause], network: kindOf(layers) };
}

const CODES: Readonly<Record<FindingCause, AdviceCode>> = {
  deadChannels: 'meanVariance',
  weightRange: 'equalizeChannels',
  weightQuantization: 'evenWeights',
  saturation: 'calibrateOnMore',
  rangeTooWide: 'calibrateOnTypical',
  activationRequantization: 'evenOutputs',
  inputQuantization: 'samePreprocessing',
  relu6Clipping: 'replaceRelu6',
  overflowRisk: 'smallerSums',
};

function kindOf(layers: readonly LayerAnalysis[]): NetworkKind {
  const depthwise = layers.filter(({ op }) => op === 'depthwiseConv2d');
  if (depthwise.length === 0) return 'other';
  return depthwise.some(({ weights }) => weights?.channels.batchNorm) ? 'standard' : 'rebuilt';
}
