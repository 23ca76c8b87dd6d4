import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { UserError } from '../../../foundation/errors.ts';
import { type Reporter, SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import type { Accuracy } from '../../../quantize/analyze/analysis.ts';
import { showAnalysis } from '../../../scripts/show/analysis.ts';
import { analyze } from '../../../workflows/analyze/analyze.ts';
import type { AnalyzeOptions } from '../../../workflows/analyze/analyze_options.ts';
import type { AnalyzeResult } from '../../../workflows/analyze/finish_analysis.ts';
import { labelOffsetOf } from '../../../workflows/analyze/partial_accuracy.ts';
import { evaluate } from '../../../workflows/evaluate/evaluate.ts';
import type { EvaluateResult } from '../../../workflows/evaluate/evaluation_record.ts';
import { readAnalyzeRun, recorded } from '../../../workflows/records/analysis_record.ts';
import { readSamples } from '../../../workflows/records/samples.ts';
import {
  contextOf,
  picture,
  saveTinyModel,
  writeImage,
  writeTinyImageNet,
} from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const IMAGES = 12;

describe('analyze', () => {
  let folder: string;
  /** Of four images, by the options that several tests look at; and what evaluation measures of them. */
  let ofFour: AnalyzeResult;
  let measured: EvaluateResult;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-analyze-'));
    await saveTinyModel(at('model'), 1001);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
    ofFour = await analyze(optionsFor({ limit: 4 }), contextOf());
    measured = await evaluate({ ...optionsFor({ limit: 4 }), precision: 'both' }, contextOf());
  });

  after(() => rm(folder, { recursive: true, force: true }));

  function optionsFor(changes: Partial<AnalyzeOptions> = {}): AnalyzeOptions {
    return {
      model: at('model'),
      data: at('images'),
      recipe: 'as-published',
      calibrationImages: 6,
      seed: 0,
      tier: 'wasm',
      accuracy: false,
      runsDir: at('runs'),
      ...changes,
    };
  }

  it('writes the record of every layer, which reads back as the result', async () => {
    const out = at('analysis.json');
    const command = 'what repeats it';
    const result = await analyze(optionsFor({ out, command }), contextOf());
    assert.equal(result.layers.length, 29);
    assert.deepEqual([result.images, result.skipped, result.kernelTier], [IMAGES, 0, 'wasm']);
    const { run, analysis } = await readAnalyzeRun(result.run);
    assert.deepEqual(recorded(analysis.layers), recorded(result.layers));
    assert.equal(run.command, command);
    assert.match(run.weightsSha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(run.notes, ['Some images are calibrated with and analyzed.']);
    assert.equal(run.data.evaluation.images, IMAGES);
    assert.equal((await readSamples(result.run)).images.length, 6);
    assert.deepEqual((await readdir(result.run)).sort(), [
      'analysis.json',
      'run.json',
      'samples.json',
    ]);
    assert.equal(await readFile(out, 'utf8'), `${JSON.stringify(result)}\n`);
  });

  for (const profile of ['double-rounding', 'power-of-two'] as const) {
    it(`measures what the profile ${profile} costs against the default, layer by layer`, async () => {
      const result = await analyze(optionsFor({ profile, limit: 4 }), contextOf());
      const { profile: cost, layers, agreement } = result;
      assert.equal(cost!.name, profile);
      assert.deepEqual(
        cost!.layers.map(({ layer, sqnrDb }) => [layer, sqnrDb]),
        layers.map(({ name, cumulativeSqnrDb }) => [name, cumulativeSqnrDb]),
      );
      for (const { elements, differing, differingHere, maxDifference, layer } of cost!.layers) {
        assert.ok(differing <= elements && differingHere <= elements, layer);
        assert.equal(maxDifference > 0, differing > 0, layer);
      }
      assert.ok(cost!.layers.some(({ differing }) => differing > 0));
      assert.ok(cost!.layers.every(({ defaultSqnrDb }) => defaultSqnrDb !== undefined));
      assert.equal(cost!.agreement!.images, 4);
      assert.equal(cost!.default!.agreement.images, agreement!.images);
      const { analysis } = await readAnalyzeRun(result.run);
      assert.deepEqual(recorded(analysis.profile), recorded(cost));
      const text = showAnalysis(result).replaceAll('\n', ' ');
      assert.match(text, new RegExp(`The profile ${profile} changes bytes in`));
      assert.match(text, new RegExp(`Top-1: [\\d.]+ % by ${profile}, [\\d.]+ % by default`));
    });
  }

  it('measures no profile where none or the default is asked for', async () => {
    const profile = 'f32-multiply-round-half-even' as const;
    const result = await analyze(optionsFor({ profile, limit: 4 }), contextOf());
    assert.equal(result.profile, undefined);
  });

  it('prints the fields that others rely on, "lossless" where nothing is lost', () => {
    const { layers, diagnosis } = JSON.parse(JSON.stringify(ofFour));
    const [{ name, localSqnrDb, cumulativeSqnrDb, deadChannels, causes }] = layers;
    assert.equal(name, 'Conv2d_0');
    assert.ok(localSqnrDb > 0 && localSqnrDb === cumulativeSqnrDb);
    assert.equal(deadChannels, 0);
    assert.deepEqual(Object.keys(causes), [
      'inputQuantization',
      'weightQuantization',
      'saturation',
      'activationRequantization',
      'relu6Clipping',
    ]);
    assert.equal(layers.at(-2).causes.weightQuantization, 'lossless');
    assert.ok(Array.isArray(diagnosis));
  });

  it('measures with --accuracy what evaluation measures, and parts of the network', async () => {
    const { accuracy } = await analyze(optionsFor({ accuracy: true, limit: 4 }), contextOf());
    const { float, tf8 } = measured;
    const figures = ({ top1, top5 }: Accuracy): Accuracy => ({ top1, top5 });
    assert.deepEqual(accuracy!.float, figures(float!));
    assert.deepEqual(accuracy!.tf8, figures(tf8!));
    assert.ok('layers' in accuracy!);
    assert.equal(accuracy.layers.length, 29);
    assert.equal(accuracy!.images, 4);
  });

  it('says how much is lost without being asked: accuracy, and agreement with float', async () => {
    const { accuracy, agreement, verdict, run } = ofFour;
    assert.equal(accuracy!.float.top1, measured.float!.top1);
    assert.equal(accuracy!.tf8.top5, measured.tf8!.top5);
    assert.ok(!('layers' in accuracy!));
    const { images, agreeing } = agreement!;
    assert.equal(images, 4);
    assert.ok(agreeing >= 0 && agreeing <= 4);
    assert.match(verdict!, /^TF8 loses /);
    const { analysis } = await readAnalyzeRun(run);
    assert.deepEqual(analysis.accuracy, JSON.parse(JSON.stringify(recorded(accuracy))));
  });

  it('says how often both networks agree on images without classes', async () => {
    const data = at('plain');
    await mkdir(data);
    for (const index of [0, 1, 2])
      await writeFile(join(data, `${index}.png`), await picture(index));
    const { verdict, accuracy, agreement } = await analyze(optionsFor({ data }), contextOf());
    assert.equal(accuracy, undefined);
    assert.equal(agreement!.images, 3);
    assert.match(verdict!, new RegExp(`^TF8 agrees with float on ${agreement!.agreeing} of 3 `));
  });

  it('says how often both networks agree on images of classes that the network has not', async () => {
    const data = at('other classes');
    for (const name of ['mine', 'yours']) {
      await mkdir(join(data, name), { recursive: true });
      for (let n = 0; n < 10; n++) await writeFile(join(data, name, `${n}.png`), await picture(n));
    }
    const { verdict, accuracy } = await analyze(optionsFor({ data }), contextOf());
    assert.equal(accuracy, undefined);
    assert.match(verdict!, /^TF8 agrees with float on \d of \d first classes: /);
  });

  it('takes 100 images unless told otherwise', async () => {
    const data = at('many');
    await mkdir(data);
    const image = await picture(1);
    for (let n = 0; n < 104; n++) await writeFile(join(data, `${n}.png`), image);
    const abort = new AbortController();
    const totals: number[] = [];
    const start: Reporter['start'] = (label, total, unit) => {
      if (label.endsWith('layer by layer')) {
        totals.push(total);
        abort.abort(); // How many they are is all that counts.
      }
      return SILENT_REPORTER.start(label, total, unit);
    };
    const context = { ...contextOf({ ...SILENT_REPORTER, start }), signal: abort.signal };
    await assert.rejects(analyze(optionsFor({ data }), context), { name: 'AbortError' });
    assert.deepEqual(totals, [100]);
  });

  it('takes one image of each class with --per-class 1', async () => {
    const classes = (await readdir(at('images'))).length;
    assert.ok(classes < IMAGES);
    const { run: folder, images } = await analyze(optionsFor({ perClass: 1 }), contextOf());
    assert.equal(images, classes);
    const { run } = await readAnalyzeRun(folder);
    const { perClass } = run.configuration.evaluation as { perClass: number };
    assert.equal(perClass, 1);
    assert.equal(run.data.evaluation.images, classes);
  });

  it('ends in probabilities where they are asked for, beside those of float', async () => {
    const { layers, agreement, run } = await analyze(
      optionsFor({ softmax: true, limit: 4 }),
      contextOf(),
    );
    assert.equal(layers.length, 30);
    assert.equal(layers.at(-1)!.op, 'softmax');
    assert.ok(layers.at(-1)!.cumulativeSqnrDb > 0 && agreement !== undefined);
    const { images } = await readSamples(run);
    for (const { tf8 } of images) {
      assert.ok(tf8.every(({ probability }) => Number.isInteger(256 * probability)));
    }
  });

  it('names and counts an image that cannot be read', async () => {
    const data = at('broken');
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(data, model, 1);
    model.dispose();
    await writeImage(data, 7, 'broken.jpg', 'no image');
    const reporter = recordingReporter();
    const result = await analyze(optionsFor({ data, calibrationImages: 13 }), contextOf(reporter));
    assert.deepEqual([result.images, result.skipped], [IMAGES, 1]);
    const warnings = reporter.messages.filter((message) =>
      /^skipped n\d{8}\/broken\.jpg: /.test(message),
    );
    assert.equal(warnings.length, 1);
    const { run } = await readAnalyzeRun(result.run);
    assert.ok(run.notes.includes('1 images to analyze could not be read.'));
    assert.ok(reporter.work.every(({ ends }) => ends === 1));
  });
});

describe('labelOffsetOf', () => {
  const dataset = memoryDataset({ classes: 10, images: 1 });
  const labels = { classNames: [], labelOffset: 0, known: false };
  const withOutputs = (outputs: number) => ({ name: 'network', facts: { labels, outputs } });

  it('is 1 for a network with one output more than there are classes, else 0', () => {
    assert.equal(labelOffsetOf(withOutputs(10), dataset), 0);
    assert.equal(labelOffsetOf(withOutputs(11), dataset), 1);
  });

  it('refuses a network of other classes', () => {
    assert.throws(
      () => labelOffsetOf(withOutputs(12), dataset),
      (error) =>
        error instanceof UserError &&
        /^Expected 10 outputs, or 11 .* for `accuracy` on synthetic but network has 12$/.test(
          error.message,
        ),
    );
  });
});
