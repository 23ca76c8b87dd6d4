import { option } from '../wording.ts';
import type { ReconstructionRecord } from './record.ts';

/** A share of unexplained variance from which a layer is worth a warning. */
const HIGH_UNEXPLAINED_VARIANCE = 0.7;

/** What a user should know of a reconstruction, by the layers' names. */
export function warningsOf({ layers, images }: ReconstructionRecord): string[] {
  const warnings: string[] = [];
  const dead = layers.filter(({ deadChannels }) => deadChannels > 0);
  if (dead.length > 0) {
    const named = dead.map(({ layer, deadChannels }) => `${deadChannels} before ${layer}`);
    warnings.push(`constant channels were removed: ${named.join(', ')}`);
  }
  const few = layers.filter(({ positions, features }) => positions < features);
  if (few.length > 0) {
    warnings.push(
      `${images} images give fewer positions than channels to ${names(few)}: fit on more images (${option('images')})`,
    );
  }
  if (layers.every(({ unexplainedVariance }) => unexplainedVariance === null)) {
    warnings.push(
      `${images} images are too few to hold some out: there is no figure of how well the layers were fitted`,
    );
  }
  const poor = layers.filter(
    ({ unexplainedVariance }) => (unexplainedVariance ?? 0) > HIGH_UNEXPLAINED_VARIANCE,
  );
  if (poor.length > 0) {
    warnings.push(
      `more than ${100 * HIGH_UNEXPLAINED_VARIANCE} % of the variance stays unexplained in ${names(poor)}: fit on more images (${option('images')}), or retrain`,
    );
  }
  return warnings;
}

function names(layers: readonly { readonly layer: string }[]): string {
  return layers.map(({ layer }) => layer).join(', ');
}
