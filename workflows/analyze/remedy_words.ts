import type { Context } from '../../foundation/reporting/context.ts';
import type { Advice, AdviceCode, Analysis, NetworkKind } from '../../quantize/analyze/analysis.ts';
import type { WordedAnalysis } from '../records/analysis_record.ts';
import { call, option } from '../wording.ts';

/** An analysis whose findings say in words what to do, as the caller's users do it. */
export function worded(
  analysis: Analysis,
  { wording = (message) => message }: Pick<Context, 'wording'>,
): WordedAnalysis {
  const diagnosis = analysis.diagnosis.map((finding) => ({
    ...finding,
    remedy: wording(remedyOf(finding.advice)),
  }));
  return { ...analysis, diagnosis };
}

/** What tf8 offers, in words that name workflows and options as code. */
export function remedyOf({ code, network }: Advice): string {
  const words = WORDS[code];
  return typeof words === 'string' ? words : words[network];
}

const REARCHITECT = call('rearchitect', { model: 'MODEL', variant: 'friendly' });
const REARCHITECT_STANDARD = `${call('rearchitect', { model: 'STANDARD', variant: 'friendly' })}, from the standard network that this one goes back to,`;
const RETRAIN = call('train', { variant: 'friendly', from: 'MODEL' });
const DECAY_DEPTHWISE = `Or train on with a greater depthwiseWeightDecay: ${call('train', { variant: 'friendly', from: 'MODEL', recipe: 'FILE' })}.`;
const DECAY = `train on with a greater weightDecay in a recipe of your own, which keeps single weights from growing: ${call('train', { network: 'inception_v3', from: 'MODEL', recipe: 'FILE' })}.`;

const WORDS: Readonly<Record<AdviceCode, string | Readonly<Record<NetworkKind, string>>>> = {
  meanVariance: `Option 1: give these channels the mean variance of the others, with ${option('zeroVariance', 'mean')}; nothing is retrained.`,
  equalizeChannels: {
    standard: `Bring the channels to one size: ${REARCHITECT} equalizes them, or retrain with ${RETRAIN}, whose L2 keeps depthwise weights small.`,
    rebuilt: `Bring the channels to one size: ${REARCHITECT_STANDARD} ends by equalizing them. ${DECAY_DEPTHWISE}`,
    other: `Bring the channels to one size: ${DECAY}`,
  },
  evenWeights: {
    standard: `Re-architecture: ${REARCHITECT} leaves out batch norm and ReLU6 after the depthwise and equalizes the channels; or retrain with ${RETRAIN}.`,
    rebuilt: `Equalize the channels: ${REARCHITECT_STANDARD} does so at its end. ${DECAY_DEPTHWISE}`,
    other: `Make the weights more even: ${DECAY}`,
  },
  calibrateOnMore: `Calibrate on more images, or on images like those that the network will see: ${option('calibrationImages')}, ${option('calibrationData')}.`,
  calibrateOnTypical: `Calibrate on images like those that the network will see: ${option('calibrationData')}; one outlier decides the range of a layer.`,
  evenOutputs: {
    standard: `Make the outputs more even: ${REARCHITECT} equalizes the channels that share this range.`,
    rebuilt: `Make the outputs more even: ${REARCHITECT_STANDARD} ends by equalizing the channels that share a range and by centring what the depthwise layers give.`,
    other: `Calibrate on fewer, typical images, so that no single one widens the range: ${option('calibrationImages')}, ${option('calibrationData')}.`,
  },
  samePreprocessing:
    "Use the preprocessing that the network was trained with: it fixes the input's range, which these images leave or fill badly.",
  replaceRelu6: {
    standard: `Replace ReLU6 by ReLU: ${REARCHITECT}, or retrain with ${RETRAIN}.`,
    rebuilt: `Replace ReLU6 by ReLU and retrain: ${RETRAIN}.`,
    other: 'Replace ReLU6 by ReLU and retrain; tf8 does so for MobileNets only.',
  },
  smallerSums: `Make the biases smaller, with ${option('zeroVariance', 'mean')} where a batch norm has channels of zero variance, or split the layer into ones with fewer input channels.`,
};
