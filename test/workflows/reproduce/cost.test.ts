import assert from 'node:assert/strict';
import { costFromRates, type Rates } from '../../../workflows/reproduce/cost.ts';
import type { OpenTable } from '../../../workflows/reproduce/open_table.ts';
import { planRows } from '../../../workflows/reproduce/plan.ts';
import type { Preset, Training } from '../../../workflows/reproduce/preset.ts';
import { presetOf } from '../../../workflows/reproduce/presets.ts';
import { wholeData } from '../../../workflows/reproduce/table_data.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';

/** 10 images/s in training, 5 distilled; 100 in float, 50 in TF8; 3 s and 0.5 s an image to fit. */
const RATES: Rates = {
  training: async (_network, _recipe, distilled) => (distilled ? 5 : 10),
  quantizationAware: async () => 2,
  evaluation: async () => ({ float: 100, tf8: 50 }),
  reconstruction: async () => ({ fixedSeconds: 3, secondsPerImage: 0.5 }),
};

const NO_RATES: Rates = {
  training: () => assert.fail('nothing is to be trained'),
  quantizationAware: () => assert.fail('nothing is to be trained in integers'),
  evaluation: () => assert.fail('nothing is to be measured'),
  reconstruction: () => assert.fail('nothing is to be reconstructed'),
};

const CIFAR = presetOf('cifar10', 'standard');
const { recipe } = CIFAR.networks.standard as Training;

/** One seed of standard and its re-architecture: 2 epochs of 64 images, 200 measured, 100 calibrated. */
const PRESET: Preset = {
  ...CIFAR,
  testImages: 200,
  calibrationImages: 100,
  networks: {
    standard: {
      recipe: { ...recipe, batchSize: 32, budget: { epochs: 2 } },
      imagesPerEpoch: 64,
      start: 'random',
    },
    'friendly-rearchitected': {
      images: 40,
      retrain: { recipe: { ...recipe, batchSize: 32, budget: { epochs: 1 } }, imagesPerEpoch: 64 },
    },
  },
};

function table(preset: Preset, there: boolean): OpenTable {
  const dataset = memoryDataset({ classes: 2, images: 500 });
  const stored = { result: {}, seconds: 1 };
  return {
    preset,
    seeds: [0],
    rows: planRows({ preset, seeds: [0], withPublishedRows: false }),
    measuring: ({ quantization: recipe }, seed) => ({
      data: wholeData(dataset),
      seed,
      testImages: preset.testImages,
      calibrationImages: preset.calibrationImages,
      recipe,
    }),
    dataset,
    networks: {
      find: async () => (there ? ({ model: '', card: {}, record: '' } as never) : undefined),
      provide: () => assert.fail('an estimate makes no network'),
    },
    measurements: {
      find: async () => ({ float: stored, tf8: stored }) as never,
      measure: () => assert.fail('an estimate measures no network'),
    },
    analyses: { analyze: () => assert.fail('an estimate analyzes no network') },
    backend: { name: 'tensorflow', version: '2.15.1', notes: [] },
    data: {},
    notes: [],
  };
}

describe('costFromRates', () => {
  it('adds up training, reconstruction, calibration and both evaluations', async () => {
    const { rows, seconds } = await costFromRates(table(PRESET, false), RATES);
    const costs = rows.map(({ row, networksToMake, makingSeconds, measuringSeconds }) => [
      row,
      networksToMake,
      makingSeconds,
      measuringSeconds,
    ]);
    assert.deepEqual(costs, [
      ['standard', 1, (2 * 64) / 10, 2 + 4 + 1],
      ['option-1', 0, 0, 4 + 1], // the same network: trained, and measured in float, once
      ['best', 0, 0, 4 + 1],
      ['friendly-rearchitected', 1, 3 + 0.5 * 40 + 64 / 5, 2 + 4 + 1],
    ]);
    assert.ok(Math.abs(seconds - (12.8 + 7 + 5 + 5 + 35.8 + 7)) < 1e-9);
  });

  it('what is there costs nothing, and no rate is asked for', async () => {
    const { rows, seconds } = await costFromRates(table(PRESET, true), NO_RATES);
    assert.deepEqual([rows.length, seconds], [4, 0]);
  });

  it('the whole data set counts whatever is there', async () => {
    const wholeDataset = { trainImages: 6400, testImages: 1000 };
    const { standard, ...networks } = PRESET.networks;
    const { imagesPerEpoch: _, ...allImages } = standard as Training;
    const preset = {
      ...PRESET,
      networks: { ...networks, standard: allImages },
      wholeDataset,
    };
    const { rows, whole, wholeSeconds } = await costFromRates(table(preset, true), RATES);
    assert.deepEqual(whole, wholeDataset);
    assert.equal(rows[0].wholeSeconds, (2 * 6400) / 10 + 10 + 20 + 1);
    assert.equal(rows[1].wholeSeconds, 20 + 1);
    assert.ok(wholeSeconds! > rows[0].wholeSeconds);
  });

  it('tells of other machines on paper, of the trainings alone, and of those that are asked for', async () => {
    const wholeDataset = { trainImages: 6400, testImages: 1000 };
    const preset = { ...PRESET, wholeDataset };
    const asked = { workers: 16, device: 'gpu' } as const;
    const { elsewhere } = await costFromRates(table(preset, true), RATES, { asked });
    assert.deepEqual(
      elsewhere!.map(({ workers, device, basis }) => [workers, device, basis]),
      [
        [1, 'cpu', 'measured'],
        [2, 'cpu', 'on paper'],
        [4, 'cpu', 'on paper'],
        [8, 'cpu', 'on paper'],
        [1, 'gpu', 'on paper'],
        [2, 'gpu', 'on paper'],
        [4, 'gpu', 'on paper'],
        [8, 'gpu', 'on paper'],
        [16, 'gpu', 'on paper'],
      ],
    );
    const [one, , , eight, gpu, , , gpus] = elsewhere!.map(({ seconds }) => seconds);
    assert.ok(Math.abs(one - ((2 * 64) / 10 + 64 / 5)) < 1e-9);
    // By eight machines an eighth, and in each step 24 ms for the sum of 3.2 million weights and more.
    const sums = eight - one / 8;
    const steps = (2 * 64 + 64) / 32;
    assert.ok(sums > 0.015 * steps && sums < 0.03 * steps, `${sums} s for ${steps} steps`);
    assert.ok(gpus < gpu && gpu < one);
    assert.equal((await costFromRates(table(PRESET, false), RATES)).elsewhere, undefined);
  });

  it('a folder of few images is fitted on and calibrated with what there is', async () => {
    const { standard } = PRESET.networks;
    const networks = { standard: standard!, 'friendly-rearchitected': { images: 9_000 } };
    const preset = { ...PRESET, calibrationImages: 9_000, networks };
    const last = (await costFromRates(table(preset, false), RATES)).rows.at(-1)!;
    assert.equal(last.makingSeconds, 3 + 0.5 * 500);
    assert.equal(last.measuringSeconds, 2 + 4 + 500 / 100);
  });

  it('a way adds its own training, in integers with calibration; TF8 is measured without', async () => {
    const { standard, 'friendly-rearchitected': rearchitected } = PRESET.networks;
    const aware = {
      recipe: { ...recipe, batchSize: 32, budget: { epochs: 1 } },
      imagesPerEpoch: 64,
    };
    const networks = {
      standard: standard!,
      'friendly-rearchitected': rearchitected!,
      'quantization-aware': aware,
      'friendly-quantization-aware': aware,
    };
    const preset = { ...PRESET, families: ['mobilenet_v2'] as const, networks };
    const { rows } = await costFromRates(table(preset, false), RATES);
    assert.deepEqual(
      rows
        .slice(4)
        .map(({ row, makingSeconds, measuringSeconds }) => [row, makingSeconds, measuringSeconds]),
      [
        ['mobilenet_v2/quantization-aware', 64 / 2 + 1, 4],
        ['mobilenet_v2/friendly-quantization-aware', 64 / 2 + 1, 4],
      ],
    );
  });

  it('a budget of minutes costs so many', async () => {
    const standard = { recipe: { ...recipe, budget: { minutes: 3 } }, start: 'random' as const };
    const preset = { ...PRESET, networks: { standard } };
    const { rows } = await costFromRates(table(preset, false), RATES);
    assert.equal(rows[0].makingSeconds, 180);
  });

  it('says which machine it holds for', async () => {
    const { environment } = await costFromRates(table(PRESET, true), NO_RATES);
    assert.equal(environment.backend, 'tensorflow 2.15.1');
  });
});
