import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';

/** How a float model becomes a TF8 model; what is left out is taken from CONVERSION_DEFAULTS. */
export interface ConversionOptions {
  readonly zeroVariance?: ZeroVariancePolicy | undefined;
  readonly calibrationData?: string | undefined;
  readonly calibrationImages?: number | undefined;
}

export const CONVERSION_DEFAULTS = { zeroVariance: 'keep', calibrationImages: 200 } as const;

/**
 * A TF8 file was converted when it was made: nothing of that can be chosen any more.
 * @throws UserError naming the options that were given
 */
export function refuseConversionOptions(file: string, options: ConversionOptions): void {
  const given = [
    ['--zero-variance', options.zeroVariance],
    ['--calibration-data', options.calibrationData],
    ['--calibration-images', options.calibrationImages],
  ].flatMap(([option, value]) => (value === undefined ? [] : [option]));
  if (given.length === 0) return;
  throw new UserError(
    `Expected a float model for ${given.join(' and ')} but ${file} is a TF8 file, which is calibrated already`,
    { remedy: `Leave out ${given.join(' and ')}, or pass the float model.` },
  );
}
