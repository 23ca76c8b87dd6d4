import { MIN_INCEPTION_RESOLUTION } from '../../architectures/inception_v3_layers.ts';
import type { VariantNetworkName } from '../../architectures/registry.ts';
import { UserError } from '../../foundation/errors.ts';
import { overrideRecipe } from '../../training/recipes/override_recipe.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { option } from '../wording.ts';
import {
  type Preset,
  type Rearchitecture,
  type Retraining,
  STARTS_FROM,
  type TableNetworkName,
  type TableNetworks,
  type Training,
} from './preset.ts';
import { PAPERS_NETWORK } from './row_titles.ts';

/** What a table may have otherwise than its preset: for a short look, or another budget. */
export interface PresetChanges {
  /** Only these rows, with those that they start from. */
  readonly networks?: readonly TableNetworkName[] | undefined;
  /** Of these networks: one in the paper's table. */
  readonly families?: readonly VariantNetworkName[] | undefined;
  /** Images of an epoch. */
  readonly trainImages?: number | undefined;
  readonly testImages?: number | undefined;
  readonly epochs?: number | undefined;
  readonly resolution?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly widthMultiplier?: number | undefined;
  readonly calibrationImages?: number | undefined;
  /** Images that the re-architecture is fitted on. */
  readonly rearchitectImages?: number | undefined;
}

/** The width that there are published weights of. */
const PUBLISHED_WIDTH = 1;

/**
 * A changed copy of a preset, under the same name. Networks of a width that nobody published start
 * from random weights, InceptionV3 keeps at least the resolution that it needs, and the network that
 * a row starts from comes with it.
 * @throws UserError for a value that a recipe cannot have, a row that the preset has not, several networks
 *   for the paper's table, and another width or resolution for a network as it was published
 */
export function changePreset(preset: Preset, changes: PresetChanges): Preset {
  const { testImages = preset.testImages, calibrationImages = preset.calibrationImages } = changes;
  const { widthMultiplier = preset.widthMultiplier } = changes;
  return {
    ...preset,
    ...changeFamilies(preset, changes.families),
    ...(testImages !== undefined && { testImages }),
    calibrationImages,
    widthMultiplier,
    networks: changeNetworks(chosenNetworks(preset, changes.networks), changes),
  };
}

function changeFamilies(
  preset: Preset,
  families: readonly VariantNetworkName[] | undefined,
): Pick<Preset, 'network' | 'families'> {
  if (families === undefined) return {};
  if (preset.families !== undefined) return { families };
  if (families.length === 1) return families[0] === PAPERS_NETWORK ? {} : { network: families[0] };
  throw new UserError(
    `Expected one network for the paper's table but received ${families.join(', ')}`,
    { remedy: `Pass ${option('table', 'ways')}, which compares several.` },
  );
}

function chosenNetworks(
  preset: Preset,
  names: readonly TableNetworkName[] | undefined,
): TableNetworks {
  if (names === undefined) return preset.networks;
  const present = Object.keys(preset.networks);
  const missing = names.find((name) => !present.includes(name));
  if (missing !== undefined) {
    throw new UserError(
      `Expected rows of preset ${preset.name} for ${preset.dataset} (${present.join(', ')}) but received ${missing}`,
      { remedy: `Leave it out, or take another ${option('preset')}.` },
    );
  }
  const wanted = new Set<string>(names);
  for (const name of names) {
    for (let start = startOf(name); start !== undefined; start = startOf(start)) wanted.add(start);
  }
  return Object.fromEntries(
    Object.entries(preset.networks).filter(([name]) => wanted.has(name)),
  ) as TableNetworks;
}

function startOf(name: TableNetworkName): TableNetworkName | undefined {
  return (STARTS_FROM as Partial<Record<TableNetworkName, TableNetworkName>>)[name];
}

function changeNetworks(networks: TableNetworks, changes: PresetChanges): TableNetworks {
  const changed = Object.entries(networks).map(([name, made]) => {
    if (made === 'as-published') return [name, checkAsPublished(changes)];
    if ('start' in made) return [name, changeTraining(name, made, changes)];
    if ('images' in made) return [name, changeRearchitecture(made, changes)];
    return [name, changeRetraining(made, changes)];
  });
  return Object.fromEntries(changed);
}

function checkAsPublished({ widthMultiplier, resolution }: PresetChanges): 'as-published' {
  const isPublished = widthMultiplier === undefined || widthMultiplier === PUBLISHED_WIDTH;
  if (isPublished && resolution === undefined) return 'as-published';
  throw new UserError(
    `Expected width ${PUBLISHED_WIDTH} at 224 × 224 for the network as it was published but received another`,
    {
      remedy: `Leave out ${option('widthMultiplier')} and ${option('resolution')}, or take a preset that trains the standard network.`,
    },
  );
}

function changeTraining(name: string, training: Training, changes: PresetChanges): Training {
  const { trainImages: imagesPerEpoch = training.imagesPerEpoch, widthMultiplier } = changes;
  const isPublished = widthMultiplier === undefined || widthMultiplier === PUBLISHED_WIDTH;
  const recipe = changeRecipe(training.recipe, changes);
  return {
    ...training,
    recipe:
      name === 'inception-v3'
        ? { ...recipe, resolution: Math.max(recipe.resolution, MIN_INCEPTION_RESOLUTION) }
        : recipe,
    ...(imagesPerEpoch !== undefined && { imagesPerEpoch }),
    start: isPublished ? training.start : 'random',
  };
}

function changeRearchitecture(
  { images, retrain }: Rearchitecture,
  changes: PresetChanges,
): Rearchitecture {
  const { rearchitectImages = images } = changes;
  if (retrain === undefined) return { images: rearchitectImages };
  return { images: rearchitectImages, retrain: changeRetraining(retrain, changes) };
}

function changeRetraining(retraining: Retraining, changes: PresetChanges): Retraining {
  const { trainImages: imagesPerEpoch = retraining.imagesPerEpoch } = changes;
  return {
    recipe: changeRecipe(retraining.recipe, changes),
    ...(imagesPerEpoch !== undefined && { imagesPerEpoch }),
  };
}

function changeRecipe(recipe: Recipe, { epochs, resolution, batchSize }: PresetChanges): Recipe {
  return overrideRecipe(recipe, {
    budget: epochs === undefined ? undefined : { epochs },
    resolution,
    batchSize,
  });
}
