import assert from 'node:assert/strict';
import { recipeSchema } from '../../../training/recipes/recipe.ts';
import { changePreset } from '../../../workflows/reproduce/change_preset.ts';
import {
  PRESET_NAMES,
  type Preset,
  TABLE_DATASETS,
  TABLE_NAMES,
  type Training,
} from '../../../workflows/reproduce/preset.ts';
import { presetOf } from '../../../workflows/reproduce/presets.ts';

const ALL = TABLE_NAMES.flatMap((table) =>
  TABLE_DATASETS.flatMap((dataset) => PRESET_NAMES.map((name) => presetOf(dataset, name, table))),
);

function recipesOf({ networks }: Preset) {
  return Object.values(networks).flatMap((made) => {
    if (made === 'as-published') return [];
    if ('recipe' in made) return [made.recipe];
    return made.retrain ? [made.retrain.recipe] : [];
  });
}

describe('presets', () => {
  it('every data set has every preset of both tables, with a standard network and whole recipes', () => {
    for (const preset of ALL) {
      assert.ok(preset.networks.standard, `${preset.dataset} ${preset.name}`);
      for (const recipe of recipesOf(preset)) recipeSchema.parse(recipe);
    }
  });

  it('the standard network and its re-architecture have one resolution', () => {
    for (const { networks } of ALL) {
      const { standard, 'friendly-rearchitected': rearchitected } = networks;
      const resolution = standard === 'as-published' ? 224 : standard!.recipe.resolution;
      assert.equal(rearchitected?.retrain?.recipe.resolution ?? resolution, resolution);
    }
  });

  it('paper trains by the full recipe from random weights: 120 epochs of all images', () => {
    const { networks, wholeDataset } = presetOf('imagenet', 'paper');
    const { standard, relu, friendly } = networks;
    for (const training of [standard, relu, friendly, networks['no-depthwise-bn']]) {
      const { recipe, start, imagesPerEpoch } = training as Training;
      assert.deepEqual(recipe.budget, { epochs: 120 });
      assert.deepEqual(
        [recipe.name, start, imagesPerEpoch],
        ['slim-imagenet', 'random', undefined],
      );
    }
    assert.deepEqual(wholeDataset, { trainImages: 1_281_167, testImages: 50_000 });
  });

  it('an unknown one is refused', () => {
    assert.throws(() => presetOf('cifar10', 'slow'), {
      name: 'UserError',
      message:
        'Expected a preset of fashion-mnist, cifar10, imagenet and quick, standard, paper but received slow of cifar10',
    });
  });
});

describe('changePreset', () => {
  const STANDARD = presetOf('cifar10', 'standard');
  const training = (preset: Preset, name: 'standard' | 'inception-v3') =>
    preset.networks[name] as Training;

  it('changes nothing unless asked', () => {
    for (const preset of ALL) assert.deepEqual(changePreset(preset, {}), preset);
  });

  it('changes the budget of every training, and the images', () => {
    const changed = changePreset(STANDARD, {
      trainImages: 64,
      testImages: 32,
      epochs: 1,
      batchSize: 8,
      calibrationImages: 4,
      rearchitectImages: 16,
    });
    assert.deepEqual([changed.testImages, changed.calibrationImages], [32, 4]);
    for (const recipe of recipesOf(changed)) {
      assert.deepEqual([recipe.budget, recipe.batchSize], [{ epochs: 1 }, 8]);
    }
    assert.equal(training(changed, 'standard').imagesPerEpoch, 64);
    const rearchitecture = changed.networks['friendly-rearchitected']!;
    assert.deepEqual([rearchitecture.images, rearchitecture.retrain!.imagesPerEpoch], [16, 64]);
  });

  it('InceptionV3 keeps the resolution that it needs at least', () => {
    const changed = changePreset(STANDARD, { resolution: 32 });
    assert.equal(training(changed, 'standard').recipe.resolution, 32);
    assert.equal(training(changed, 'inception-v3').recipe.resolution, 75);
  });

  it('networks of a width that nobody published start from random weights', () => {
    const changed = changePreset(STANDARD, { widthMultiplier: 0.25 });
    assert.equal(training(changed, 'standard').start, 'random');
    assert.equal(training(STANDARD, 'standard').start, 'published');
  });

  it('a re-architecture brings the standard network with it', () => {
    const { networks } = changePreset(STANDARD, { networks: ['friendly-rearchitected'] });
    assert.deepEqual(Object.keys(networks).sort(), ['friendly-rearchitected', 'standard']);
  });

  it('a way brings what it starts from with it', () => {
    const ways = presetOf('cifar10', 'quick', 'ways');
    const namesOf = (name: 'quantization-aware' | 'friendly-quantization-aware') =>
      Object.keys(changePreset(ways, { networks: [name] }).networks).sort();
    assert.deepEqual(namesOf('quantization-aware'), ['quantization-aware', 'standard']);
    assert.deepEqual(namesOf('friendly-quantization-aware'), [
      'friendly-quantization-aware',
      'friendly-rearchitected',
      'standard',
    ]);
  });

  it('takes other networks: several in a table of ways, one in the paper’s', () => {
    const ways = presetOf('cifar10', 'quick', 'ways');
    const families = ['mobilenet_v2', 'mobilenet_v3_small'] as const;
    assert.deepEqual(changePreset(ways, { families }).families, families);
    assert.equal(changePreset(STANDARD, { families: ['mobilenet_v2'] }).network, 'mobilenet_v2');
    assert.deepEqual(changePreset(STANDARD, { families: ['mobilenet_v1'] }), STANDARD);
    assert.throws(() => changePreset(STANDARD, { families }), {
      name: 'UserError',
      message:
        "Expected one network for the paper's table but received mobilenet_v2, mobilenet_v3_small",
      remedy: "Pass `table: 'ways'`, which compares several.",
    });
  });

  it('refuses a network that the preset has not', () => {
    assert.throws(
      () => changePreset(presetOf('imagenet', 'quick'), { networks: ['inception-v3'] }),
      {
        name: 'UserError',
        message:
          'Expected rows of preset quick for imagenet (standard, friendly-rearchitected) but received inception-v3',
        remedy: 'Leave it out, or take another `preset`.',
      },
    );
  });

  it('refuses another width or resolution for the network as it was published', () => {
    for (const changes of [{ widthMultiplier: 0.5 }, { resolution: 96 }]) {
      assert.throws(() => changePreset(presetOf('imagenet', 'quick'), changes), {
        name: 'UserError',
        message:
          'Expected width 1 at 224 × 224 for the network as it was published but received another',
      });
    }
  });

  it('refuses what no recipe can have', () => {
    assert.throws(() => changePreset(STANDARD, { epochs: 0 }), {
      name: 'UserError',
      message: /^Expected values that a recipe can have but: budget/,
    });
  });
});
