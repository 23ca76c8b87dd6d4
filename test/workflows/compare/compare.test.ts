import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import type { Dataset, ImageBatch } from '../../../datasets/dataset.ts';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { AS_PUBLISHED, RECIPES, type Recipe } from '../../../quantize/convert/recipe.ts';
import { type CompareResult, compare } from '../../../workflows/compare/compare.ts';
import type { CompareOptions } from '../../../workflows/compare/compare_options.ts';
import { openFloatModel } from '../../../workflows/open/open_model.ts';
import { quantizeModel } from '../../../workflows/quantize/quantize.ts';
import { readComparison } from '../../../workflows/records/comparison_files.ts';
import { readParts } from '../../../workflows/report/read_parts.ts';
import { comparisonSection } from '../../../workflows/report/sections/comparison_section.ts';
import { contextOf, saveTinyModel, writeTinyImageNet } from '../../scripts/support.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

describe('compare', () => {
  let folder: string;
  let options: CompareOptions;
  let result: CompareResult;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-compare-'));
    await saveTinyModel(at('model'), 1001, 0.1);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
    options = {
      model: at('model'),
      dataset: 'imagenet',
      data: at('images'),
      calibrationData: at('images'),
      calibrationImages: [2],
      subsets: 2,
      seed: 0,
      tier: 'auto',
      runsDir: at('runs'),
    };
    result = await compare(options, contextOf());
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('has a row of the float network, then one of each recipe', () => {
    assert.deepEqual(
      result.rows.map(({ recipe }) => recipe),
      ['float', 'as-published', 'option-1', 'best'],
    );
    const [float, ...rows] = result.rows;
    assert.deepEqual([float.agreement, float.sqnrDb, float.seconds], [100, Infinity, 0]);
    for (const { agreement, sqnrDb, seconds, top1, spread, perSubset } of rows) {
      assert.ok(agreement! >= 0 && agreement! <= 100 && seconds > 0 && top1 !== null);
      assert.ok(Number.isFinite(sqnrDb) && spread !== undefined);
      assert.equal(perSubset.length, 2);
    }
  });

  it('says "lossless" in JSON', () => {
    const { rows } = JSON.parse(JSON.stringify(result));
    assert.equal(rows[0].sqnrDb, 'lossless');
  });

  it('leaves a record, a table and a CSV with every knob a column', async () => {
    const { comparison } = await readComparison(result.run);
    assert.equal(comparison.rows.length, 4);
    assert.equal(comparison.rows[3].knobs?.name, 'best');
    const csv = await readFile(join(result.run, 'table.csv'), 'utf8');
    const [header, ...lines] = csv.trimEnd().split('\n');
    for (const name of ['weights.granularity', 'observer.observer', 'top1', 'seconds']) {
      assert.ok(header.split(',').includes(name), name);
    }
    assert.equal(lines.length, 4);
    const table = await readFile(join(result.run, 'table.md'), 'utf8');
    assert.match(table, /^\| recipe +\| calibrated on \|/);
  });

  it('is a section of its report', async () => {
    const { comparison } = await readParts(result.run);
    assert.equal(comparison?.rows.length, 4);
    const { body } = comparisonSection(comparison);
    assert.match(body([]).text, /as-published.*option-1.*best/s);
  });

  it('a curve has a row for each number of images, with an interval, and a figure', async () => {
    const recipes = ['option-1', 'as-published'];
    const { calibrationImages: _, ...others } = { ...options, recipes, subsets: 1 };
    const { rows, run } = await compare({ ...others, curve: [2, 1] }, contextOf());
    assert.deepEqual(
      rows.map(({ recipe, calibrationImages }) => [recipe, calibrationImages]),
      [
        ['float', undefined],
        ['option-1', 2],
        ['as-published', 1],
        ['as-published', 2],
      ],
    );
    for (const { interval } of rows) assert.ok(interval.agreement !== null);
    const { comparison } = await readParts(run);
    const [figure] = comparisonSection(comparison!).figures;
    assert.match(figure.description, /^as-published on 1 images: .* as-published on 2 images: /);
  });

  it('a curve is one of a recipe', async () => {
    const curve = { ...options, recipes: ['float'], curve: [1] };
    await assert.rejects(compare(curve, contextOf()), {
      message: 'Expected a recipe for `curve` but there is the float network alone',
    });
  });

  it('has the figures of every output where there are several', async () => {
    const outputs = ['Conv2d_5_pointwise', 'Conv2d_1c_1x1'];
    const both = { ...options, outputs, recipes: ['as-published'] };
    const { rows, run } = await compare(both, contextOf());
    for (const row of rows) {
      const [map, logits] = row.outputs!;
      assert.deepEqual([map.name, logits.name], outputs);
      assert.equal(map.agreement, null);
      assert.equal(logits.agreement, row.agreement);
    }
    const [map, logits] = rows[1].outputs!;
    assert.ok(Math.abs(rows[1].sqnrDb - (map.sqnrDb + logits.sqnrDb) / 2) < 1e-9);
    assert.equal((await readComparison(run)).comparison.rows[1].outputs!.length, 2);
  });

  it('sets probabilities beside those of float where they are asked for', async () => {
    const asked = { ...options, subsets: 1, recipes: ['as-published'] };
    const logits = (await compare(asked, contextOf())).rows;
    const probabilities = (await compare({ ...asked, softmax: true }, contextOf())).rows;
    assert.deepEqual([probabilities[0].agreement, probabilities[0].sqnrDb], [100, Infinity]);
    assert.ok(Number.isFinite(probabilities[1].sqnrDb));
    assert.notEqual(probabilities[1].sqnrDb, logits[1].sqnrDb);
  });

  it('simulates activations of 16 bits, of all layers or of those that are named', async () => {
    const wider = (name: string, layers: 'all' | string[]): Recipe => ({
      ...AS_PUBLISHED,
      name,
      activations: { bits: 16, layers },
    });
    const last = 'Conv2d_1c_1x1';
    const recipes = [AS_PUBLISHED, wider('one', [last]), wider('all', 'all')];
    const asked = { ...options, subsets: 1, recipes };
    const { rows, notes } = await compare(asked, contextOf());
    const [, bytes, , all] = rows.map(({ sqnrDb }) => sqnrDb);
    assert.ok(all > bytes, `${all} dB, ${bytes} dB`);
    assert.deepEqual(rows[3].knobs?.activations, { bits: 16, layers: 'all' });
    assert.ok(notes.includes('all: activations of 16 bits are simulated in float.'));
    await assert.rejects(
      compare({ ...asked, recipes: [wider('typo', [last.slice(1)])] }, contextOf()),
      {
        message: 'Expected layers of the network for 16 bits but received "onv2d_1c_1x1"',
        remedy: 'Did you mean Conv2d_1c_1x1?',
      },
    );
  });

  it('compares outputs that are no classes by their ratios alone', async () => {
    const outputs = ['Conv2d_5_pointwise'];
    const { rows } = await compare({ ...options, outputs, recipes: ['best'] }, contextOf());
    assert.deepEqual([rows[1].agreement, rows[1].top1, rows[1].outputs], [null, null, undefined]);
    assert.ok(Number.isFinite(rows[1].sqnrDb));
  });

  it('has a row of each recipe for each profile, the default first, and a column of them', async () => {
    const profiles = ['power-of-two', 'double-rounding'] as const;
    const recipes = ['as-published', 'option-1'];
    const { rows, run } = await compare({ ...options, recipes, profiles, subsets: 1 }, contextOf());
    const rules = ['f32-multiply-round-half-even', ...profiles];
    assert.deepEqual(
      rows.map(({ recipe, profile }) => [recipe, profile]),
      [['float', undefined], ...recipes.flatMap((recipe) => rules.map((rule) => [recipe, rule]))],
    );
    const { comparison } = await readParts(run);
    assert.equal(comparison!.rows[2].profile, 'power-of-two');
    const table = await readFile(join(run, 'table.md'), 'utf8');
    assert.match(table, /^\| recipe +\| profile +\| calibrated on \|/);
    const csv = await readFile(join(run, 'table.csv'), 'utf8');
    assert.match(csv, /^recipe,profile,|,profile,/);
    assert.match(
      comparisonSection(comparison!).body([]).text,
      /<th scope="col">profile<\/th>|profile/,
    );
  });

  it('says which of the networks it quantizes, and how far that is', async () => {
    const reporter = recordingReporter();
    await compare({ ...options, recipes: ['option-1', 'best'] }, contextOf(reporter));
    const labels = reporter.work.map(({ label }) => label);
    assert.ok(labels.some((label) => /^calibrating .* by option-1 \(1 of 4\)$/.test(label)));
    assert.ok(
      labels.some((label) => /^quantizing .* by best \(4 of 4\)$/.test(label)),
      `${labels}`,
    );
  });

  it('no recipe reads a label', async () => {
    const opened = await openFloatModel(options.model, contextOf());
    const dataset = withheld(await openDataset('imagenet', { ...contextOf(), dir: at('images') }));
    try {
      for (const recipe of RECIPES) {
        await quantizeModel(opened, recipe, { dataset, images: 2, seed: 0, skip: 0 }, contextOf());
      }
    } finally {
      opened.dispose();
    }
  });
});

/** The images of a data set, whose labels fail whoever reads them. */
function withheld(dataset: Dataset): Dataset {
  return {
    name: dataset.name,
    classNames: undefined,
    splitsAreEqual: dataset.splitsAreEqual,
    fingerprint: dataset.fingerprint,
    origin: dataset.origin,
    count: (split) => dataset.count(split),
    async *batches(asked) {
      for await (const { images, shape, names, position } of dataset.batches(asked)) {
        yield {
          images,
          shape,
          names,
          position,
          get labels(): ImageBatch['labels'] {
            return assert.fail('a label is read');
          },
        };
      }
    },
  };
}
