import type { AnalyzeOptions } from './analyze_options.ts';

/** What repeats an analysis; DIR stands for a folder, MODEL for a path of the machine. */
export function commandLine(options: AnalyzeOptions): string {
  const { model, dataset, data, limit, perClass, seed, tier } = options;
  const { zeroVariance, accuracy, calibrationData, calibrationImages } = options;
  const given: readonly (readonly [option: string, value: string | number | undefined])[] = [
    ['dataset', dataset],
    ['data', data && 'DIR'],
    ['limit', limit],
    ['per-class', perClass],
    ['zero-variance', zeroVariance],
    ['calibration-data', calibrationData && 'DIR'],
    ['calibration-images', calibrationImages],
    ['tier', tier === 'auto' ? undefined : tier],
    ['seed', seed === 0 ? undefined : seed],
  ];
  const words = given.flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option} ${value}`],
  );
  const shown = /[\\/]/.test(model) ? 'MODEL' : model;
  return ['npx tf8 analyze', shown, ...words, ...(accuracy ? ['--accuracy'] : [])].join(' ');
}
