import type { ReproduceOptions } from './open_table.ts';

/** What repeats a table; DIR stands for a folder, and MODEL for a model, of the machine. */
export function commandLine(options: ReproduceOptions): string {
  const {
    dataset,
    preset,
    data,
    imagenet,
    imagenetLimit,
    seeds,
    published,
    changes = {},
  } = options;
  const given: readonly (readonly [option: string, value: string | number | undefined])[] = [
    ['dataset', dataset],
    ['preset', preset],
    ['data', data && 'DIR'],
    ['imagenet', imagenet && 'DIR'],
    ['imagenet-limit', imagenetLimit],
    ...seedOptions(seeds),
    ['published', published && 'MODEL'],
    ['rows', changes.networks?.join(',')],
    ['train-images', changes.trainImages],
    ['test-images', changes.testImages],
    ['epochs', changes.epochs],
    ['resolution', changes.resolution],
    ['batch-size', changes.batchSize],
    ['width-multiplier', changes.widthMultiplier],
    ['calibration-images', changes.calibrationImages],
    ['rearchitect-images', changes.rearchitectImages],
  ];
  const words = given.flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option} ${value}`],
  );
  return ['npx tf8 reproduce', ...words].join(' ');
}

/** `--seeds N` counts from 0; one other seed is `--seed S`. */
function seedOptions(seeds: readonly number[] | undefined): [string, number][] {
  if (seeds === undefined) return [];
  return seeds.length === 1 ? [['seed', seeds[0]]] : [['seeds', seeds.length]];
}
