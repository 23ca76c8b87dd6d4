import type { AnalyzeOptions } from '../../workflows/analyze/analyze_options.ts';
import { optionWords, shownRecipe } from './words.ts';

/** What repeats an analysis; DIR stands for a folder, MODEL for a path of the machine. */
export function analyzeCommandLine(options: AnalyzeOptions): string {
  const { model, dataset, data, limit, perClass, seed, tier } = options;
  const { recipe, zeroVariance, accuracy, calibrationData, calibrationImages, inputRange } =
    options;
  const { preprocessing, resolution, softmax, profile } = options;
  const words = optionWords([
    ['dataset', dataset],
    ['data', data && 'DIR'],
    ['limit', limit],
    ['per-class', perClass],
    ['recipe', recipe === undefined ? undefined : shownRecipe(recipe)],
    ['profile', profile],
    ['zero-variance', zeroVariance],
    ['calibration-data', calibrationData && 'DIR'],
    ['calibration-images', calibrationImages],
    ['input-range', inputRange && `${inputRange.min},${inputRange.max}`],
    ['preprocessing', preprocessing?.words],
    ['resolution', resolution?.join('x')],
    ['tier', tier === 'auto' ? undefined : tier],
    ['seed', seed === 0 ? undefined : seed],
  ]);
  const shown = /[\\/]/.test(model) ? 'MODEL' : model;
  const flags = [...(softmax ? ['--softmax'] : []), ...(accuracy ? ['--accuracy'] : [])];
  return ['npx tf8 analyze', shown, ...words, ...flags].join(' ');
}
