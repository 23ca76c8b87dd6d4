import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { InputRange } from '../open/model_facts.ts';
import type { OpenedTf8Model } from '../open/open_model.ts';
import { option } from '../wording.ts';

/** How a float model becomes a TF8 model; what is left out is taken from CONVERSION_DEFAULTS. */
export interface ConversionOptions {
  readonly zeroVariance?: ZeroVariancePolicy | undefined;
  readonly calibrationData?: string | undefined;
  readonly calibrationImages?: number | undefined;
  /** Of the images that the network takes, where it does not say; [−1, 1] unless given. */
  readonly inputRange?: InputRange | undefined;
  /** Names of the tensors that the network ends in; what TF8 can compute decides unless given. */
  readonly outputs?: readonly string[] | undefined;
}

export const CONVERSION_DEFAULTS = { zeroVariance: 'keep', calibrationImages: 200 } as const;

/**
 * A TF8 file was converted when it was made: nothing of that can be chosen any more. Warns of
 * options that say otherwise, or that have no effect.
 */
export function warnOfConversionOptions(
  { name, model }: OpenedTf8Model,
  options: ConversionOptions,
  reporter: Reporter,
): void {
  const { zeroVariance } = model.provenance;
  const given = [
    ['zeroVariance', options.zeroVariance === zeroVariance ? undefined : options.zeroVariance],
    ['calibrationData', options.calibrationData],
    ['calibrationImages', options.calibrationImages],
    ['inputRange', options.inputRange],
    ['outputs', options.outputs],
  ] as const;
  const idle = given.flatMap(([name, value]) => (value === undefined ? [] : [option(name)]));
  if (idle.length === 0) return;
  reporter.warn(
    `${idle.join(' and ')} ${idle.length === 1 ? 'has' : 'have'} no effect: ${name} is a TF8 file, made with zero variance "${zeroVariance}" and calibrated then; pass the float model to choose`,
  );
}
