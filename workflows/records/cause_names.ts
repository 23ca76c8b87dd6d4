import type { FindingCause } from '../../quantize/analyze/analysis.ts';

/** What people read for the cause of a finding. */
export const CAUSE_NAMES: Readonly<Record<FindingCause, string>> = {
  deadChannels: 'channels of zero variance',
  weightRange: 'range of the weights',
  weightQuantization: 'coarse weights',
  saturation: 'saturation',
  rangeTooWide: 'range too wide',
  activationRequantization: 'coarse outputs',
  inputQuantization: 'coarse input',
  unevenInputs: 'uneven inputs',
  relu6Clipping: 'clipping by ReLU6',
  overflowRisk: 'near overflow',
};

/** Whether TF8 loses something by it: ReLU6 clips in float too. */
export function isLoss({ cause }: { readonly cause: FindingCause }): boolean {
  return cause !== 'relu6Clipping';
}
