import type { Advice, AdviceCode, FindingCause, LayerAnalysis, NetworkKind } from './analysis.ts';

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
  unevenInputs: 'evenOutputs',
  relu6Clipping: 'replaceRelu6',
  overflowRisk: 'smallerSums',
};

function kindOf(layers: readonly LayerAnalysis[]): NetworkKind {
  const depthwise = layers.filter(({ op }) => op === 'depthwiseConv2d');
  if (depthwise.length === 0) return 'other';
  return depthwise.some(({ weights }) => weights?.channels.batchNorm) ? 'standard' : 'rebuilt';
}
