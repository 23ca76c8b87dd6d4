import type { CompareOptions } from '../../workflows/compare/compare_options.ts';
import { optionWords, shownRecipe } from './words.ts';

/** What repeats a comparison; DIR stands for a folder, MODEL for a path, of the machine. */
export function compareCommandLine(options: CompareOptions): string {
  const { model, dataset, data, limit, seed, tier, recipes, subsets } = options;
  const { calibrationData, calibrationImages, curve, inputRange, outputs } = options;
  const { preprocessing, resolution, softmax, profiles } = options;
  const words = optionWords([
    ['dataset', dataset],
    ['data', data && 'DIR'],
    ['recipes', recipes?.map(shownRecipe).join(',')],
    ['profiles', profiles?.join(',')],
    ['calibration-data', calibrationData && 'DIR'],
    ['calibration-images', calibrationImages?.join(',')],
    ['curve', curve?.join(',')],
    ['subsets', subsets],
    ['input-range', inputRange && `${inputRange.min},${inputRange.max}`],
    ['preprocessing', preprocessing?.words],
    ['resolution', resolution?.join('x')],
    ['outputs', outputs?.join(',')],
    ['limit', limit],
    ['tier', tier === 'auto' ? undefined : tier],
    ['seed', seed === 0 ? undefined : seed],
  ]);
  const shown = /[\\/]/.test(model) ? 'MODEL' : model;
  return ['npx tf8 compare', shown, ...words, ...(softmax ? ['--softmax'] : [])].join(' ');
}
