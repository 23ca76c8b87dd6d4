import { VARIANT_NETWORK_NAMES } from '../../architectures/registry.ts';
import type { ReproduceOptions } from '../../workflows/reproduce/open_table.ts';
import { splitPublished } from '../../workflows/reproduce/published_models.ts';
import { type GivenOption, optionWords, shownRecipe } from './words.ts';

/** What repeats a table; DIR stands for a folder, and MODEL for a model, of the machine. */
export function reproduceCommandLine(options: ReproduceOptions): string {
  const {
    table,
    dataset,
    preset,
    data,
    imagenet,
    imagenetLimit,
    seeds,
    published,
    recipe,
    changes = {},
  } = options;
  const words = optionWords([
    ['table', table === 'paper' ? undefined : table],
    ['dataset', dataset],
    ['preset', preset],
    ['data', data && 'DIR'],
    ['imagenet', imagenet && 'DIR'],
    ['imagenet-limit', imagenetLimit],
    ...seedOptions(seeds),
    ...(published ?? []).map((one): GivenOption => ['published', shownPublished(one)]),
    ['recipe', recipe === undefined ? undefined : shownRecipe(recipe)],
    ['rows', changes.networks?.join(',')],
    ['network', changes.families?.join(',')],
    ['train-images', changes.trainImages],
    ['test-images', changes.testImages],
    ['epochs', changes.epochs],
    ['resolution', changes.resolution],
    ['batch-size', changes.batchSize],
    ['width-multiplier', changes.widthMultiplier],
    ['calibration-images', changes.calibrationImages],
    ['rearchitect-images', changes.rearchitectImages],
  ]);
  return ['npx tf8 reproduce', ...words].join(' ');
}

function shownPublished(asked: string): string {
  const { network } = splitPublished(asked, VARIANT_NETWORK_NAMES);
  return network === undefined ? 'MODEL' : `${network}=MODEL`;
}

/** `--seeds N` counts from 0; one other seed is `--seed S`. */
function seedOptions(seeds: readonly number[] | undefined): GivenOption[] {
  if (seeds === undefined) return [];
  return seeds.length === 1 ? [['seed', seeds[0]]] : [['seeds', seeds.length]];
}
