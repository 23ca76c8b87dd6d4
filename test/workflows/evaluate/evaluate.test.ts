import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { loadModelFolder, saveModelFolder } from '../../../checkpoints/store/model_store.ts';
import type { BatchOptions } from '../../../datasets/dataset.ts';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { AS_PUBLISHED } from '../../../quantize/convert/recipe.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { OutputFigures } from '../../../workflows/evaluate/compare_outputs.ts';
import { type EvaluateOptions, evaluate } from '../../../workflows/evaluate/evaluate.ts';
import { Evaluation } from '../../../workflows/evaluate/evaluation.ts';
import type {
  DataCalibration,
  EvaluateResult,
} from '../../../workflows/evaluate/evaluation_record.ts';
import { OpenedFloatModel, openFloatModel } from '../../../workflows/open/open_model.ts';
import { calibrationSource, quantizeModel } from '../../../workflows/quantize/quantize.ts';
import { option } from '../../../workflows/wording.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import {
  contextOf,
  saveTinyModel,
  type TinyImageNet,
  withoutTimes,
  writeImage,
  writeTinyImageNet,
} from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { openedInMemory } from '../open/opened_in_memory.ts';

/** Worker threads that are alive in this process. */
function liveThreads(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

describe('evaluate', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  let expected: TinyImageNet;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-evaluate-'));
    await saveTinyModel(at('m1000'), 1000);
    await saveTinyModel(at('m1001'), 1001);
    for (const [name, offset] of [
      ['m1000', 0],
      ['m1001', 1],
    ] as const) {
      const { model } = await loadModelFolder(at(name));
      expected = await writeTinyImageNet(at(`${name}-images`), model, offset);
      model.dispose();
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  function optionsFor(name: string, changes: Partial<EvaluateOptions> = {}): EvaluateOptions {
    return {
      model: at(name),
      dataset: 'imagenet',
      data: at(`${name}-images`),
      precision: 'both',
      zeroVariance: 'keep',
      calibrationImages: 6,
      seed: 0,
      tier: 'auto',
      ...changes,
    };
  }

  it('compares every output with float on images without classes', async () => {
    await mkdir(at('plain'));
    const noise = (seed: number) =>
      sharp(randomBytes(64 * 64 * 3, seed), { raw: { width: 64, height: 64, channels: 3 } });
    for (const seed of [1, 2, 3])
      await noise(seed)
        .png()
        .toFile(at(`plain/${seed}.png`));
    const options = { dataset: undefined, data: at('plain'), calibrationImages: 3, limit: 3 };
    const result = await evaluate(optionsFor('m1000', options), contextOf());
    assert.deepEqual(
      [result.dataset, result.images, result.float, result.tf8],
      ['images', 3, undefined, undefined],
    );
    const [output, ...others] = result.outputs!;
    assert.deepEqual(others, []);
    assert.ok(output.sqnrDb > 10 && output.cosine > 0.9 && output.cosine <= 1, String(output));
    assert.ok(output.agreement! >= 0 && output.agreement! <= 100);
    const { name, sqnrDb } = JSON.parse(JSON.stringify(new OutputFigures('a', Infinity, 1, null)));
    assert.deepEqual([name, sqnrDb], ['a', 'lossless']);
  });

  it('compares the outputs beside the accuracies', async () => {
    const { outputs, outputImages, images } = await evaluate(optionsFor('m1000'), contextOf());
    assert.deepEqual([outputs!.length, outputImages], [1, images]);
  });

  function calibrationOf({ calibration }: EvaluateResult): DataCalibration {
    assert.ok(calibration?.source === 'data');
    return calibration;
  }

  for (const name of ['m1000', 'm1001']) {
    it(`${name}: gives top-1 and top-5 of both precisions in percent of the same images`, async () => {
      const result = await evaluate(optionsFor(name), contextOf());
      assert.equal(result.images, expected.images);
      assert.equal(result.skipped, 0);
      const { top1: floatTop1, top5: floatTop5 } = result.float!;
      assert.deepEqual([floatTop1, floatTop5], [expected.top1, expected.top5]);
      const { top1, top5 } = result.tf8!;
      assert.ok(0 <= top1 && top1 <= top5 && top5 <= 100, `${top1}, ${top5}`);
      assert.equal(result.dataset, 'imagenet');
      assert.equal(result.calibration?.images, 6);
    });
  }

  it('gives the same figures again with the same seed, whatever the order of the threads', async () => {
    const [first, second] = [
      await evaluate(optionsFor('m1000', { limit: 7, seed: 5 }), contextOf()),
      await evaluate(optionsFor('m1000', { limit: 7, seed: 5 }), contextOf()),
    ];
    assert.deepEqual(withoutTimes(second), withoutTimes(first));
  });

  it('says where the time went: the network ran or waited, images were decoded and resized', async () => {
    const { float, tf8, images } = await evaluate(optionsFor('m1000'), contextOf());
    for (const { time } of [float!, tf8!]) {
      const { seconds, imagesPerSecond, runMs, runShare, waitShare } = time;
      assert.ok(time.decodeMs > 0 && time.resizeMs > 0 && runMs > 0, JSON.stringify(time));
      assert.ok(runShare > 0 && waitShare > 0 && runShare + waitShare <= 1, JSON.stringify(time));
      assert.ok(Math.abs(imagesPerSecond * seconds - images) < 1e-6);
      assert.ok(Math.abs((runMs * images) / 1000 - runShare * seconds) < 1e-6);
    }
  });

  it('names the kernels of the TF8 figures, and why faster ones were passed over', async () => {
    const { tf8 } = await evaluate(optionsFor('m1000', { precision: 'tf8' }), contextOf());
    const { kernels, notes } = selectKernels('auto');
    assert.deepEqual(
      [tf8!.tier, tf8!.instructionSet, tf8!.tierNotes],
      [kernels.tier, kernels.instructionSet, notes],
    );
  });

  it('gives the same TF8 figures by every tier', async () => {
    const figures = async (tier: 'wasm' | 'reference') => {
      const { tf8 } = await evaluate(
        optionsFor('m1000', { tier, precision: 'tf8', limit: 6 }),
        contextOf(),
      );
      assert.equal(tf8!.tier, tier);
      return [tf8!.top1, tf8!.top5];
    };
    assert.deepEqual(await figures('wasm'), await figures('reference'));
  });

  it('measures only the precision that is asked for', async () => {
    const float = await evaluate(optionsFor('m1000', { precision: 'float' }), contextOf());
    assert.deepEqual(
      [float.float !== undefined, float.tf8, float.calibration],
      [true, undefined, undefined],
    );
    const tf8 = await evaluate(optionsFor('m1000', { precision: 'tf8' }), contextOf());
    assert.equal(tf8.float, undefined);
    assert.ok(tf8.tf8 !== undefined && tf8.calibration !== undefined);
  });

  it('names and counts a broken image, in the evaluation and in the calibration', async () => {
    const data = at('broken-images');
    const { model } = await loadModelFolder(at('m1000'));
    await writeTinyImageNet(data, model, 0);
    model.dispose();
    await writeImage(data, 7, 'broken.jpg', 'no image');
    const reporter = recordingReporter();
    const result = await evaluate(
      optionsFor('m1000', { data, calibrationImages: 13 }),
      contextOf(reporter),
    );
    assert.equal(result.images, 12);
    assert.equal(result.skipped, 1);
    assert.match(result.skippedImages[0].name, /^n\d{8}\/broken\.jpg$/);
    assert.equal(calibrationOf(result).skipped, 1);
    const warnings = reporter.messages.filter((message) => message.includes('broken.jpg'));
    assert.equal(warnings.length, 2, reporter.messages.join('\n')); // once for each purpose
    assert.ok(warnings.every((message) => message.includes('no image format')));
  });

  it('calibrates with images that are not evaluated where there are enough, else it warns', async () => {
    const run = async (changes: Partial<EvaluateOptions>): Promise<[EvaluateResult, string[]]> => {
      const reporter = recordingReporter();
      const options = optionsFor('m1000', { precision: 'tf8', ...changes });
      const result = await evaluate(options, contextOf(reporter));
      return [result, reporter.messages.filter((message) => !message.startsWith('tfjs-node'))];
    };
    const [apart, silence] = await run({ limit: 6, calibrationImages: 6 });
    assert.equal(calibrationOf(apart).overlap, false);
    assert.deepEqual(silence, []);
    const [overlapping, warnings] = await run({ limit: 7, calibrationImages: 6 });
    assert.equal(calibrationOf(overlapping).overlap, true);
    assert.deepEqual(warnings, [
      'some calibration images are among the evaluated ones; pass another folder as `calibrationData`, or `limit`',
    ]);
    const [sameFolder] = await run({ calibrationData: `${at('m1000-images')}/` });
    assert.equal(calibrationOf(sameFolder).overlap, true);
    await symlink(at('m1000-images'), at('linked'));
    const [linked] = await run({ calibrationData: at('linked') });
    assert.equal(calibrationOf(linked).overlap, true);
    const [otherFolder] = await run({ calibrationData: at('m1001-images') });
    assert.equal(calibrationOf(otherFolder).overlap, false);
  });

  it('a quantized model, stored as a TF8 file, has the TF8 figures of its float model', async () => {
    const options = optionsFor('m1000', { limit: 6 });
    const { tf8 } = await evaluate(options, contextOf());
    const opened = await openFloatModel(at('m1000'), contextOf());
    const dataset = await openDataset('imagenet', { ...contextOf(), dir: options.data! });
    // The images that the evaluation left for the calibration.
    const source = await calibrationSource(
      { ...options, dataset: 'imagenet' },
      { dataset, limit: 6 },
      contextOf(),
    );
    const { model } = await quantizeModel(opened, 'keep', source, contextOf());
    opened.dispose();
    await writeFile(at('m1000.tf8'), await encodeTf8(model));
    const { zeroVariance: _, calibrationImages: __, ...chosen } = options;
    const ofFile = { ...chosen, model: at('m1000.tf8') };
    const fromFile = await evaluate(ofFile, contextOf());
    assert.deepEqual(withoutTimes(fromFile).tf8, withoutTimes({ ...fromFile, tf8: tf8! }).tf8);
    assert.deepEqual(fromFile.calibration, {
      source: 'file',
      images: 6,
      data: `imagenet ${dataset.fingerprint}`,
      zeroVariance: 'keep',
      recipe: AS_PUBLISHED,
    });
    assert.equal(fromFile.float, undefined);
    await assert.rejects(evaluate({ ...ofFile, precision: 'float' }, contextOf()), {
      name: 'UserError',
      message: `Expected a float model for ${option('precision', 'float')} but ${at('m1000.tf8')} is a TF8 file`,
      remedy: "Pass the model that it was quantized from, or `precision: 'tf8'`.",
    });
    const reporter = recordingReporter();
    const again = { ...ofFile, zeroVariance: 'mean', calibrationImages: 3 } as const;
    assert.deepEqual(
      withoutTimes(await evaluate(again, contextOf(reporter))),
      withoutTimes(fromFile),
    );
    assert.match(
      reporter.messages.join(),
      /`zeroVariance` and `calibrationImages` have no effect: .* made with zero variance "keep"/,
    );
  });

  it('warns where the model was trained on the images that are evaluated', async () => {
    const { fingerprint } = await openDataset('imagenet', {
      ...contextOf(),
      dir: at('m1000-images'),
    });
    const { model, card } = await loadModelFolder(at('m1000'));
    const { weightsSha256: _, ...known } = card!;
    for (const [dataSha256, warned] of [
      [fingerprint, true],
      ['0'.repeat(64), false],
    ] as const) {
      await saveModelFolder(model, { ...known, training: { dataSha256 } }, at('trained'));
      const reporter = recordingReporter();
      const options = optionsFor('trained', { data: at('m1000-images'), precision: 'float' });
      await evaluate(options, contextOf(reporter));
      const warnings = reporter.messages.filter((text) => text.includes('was trained on these'));
      assert.equal(warnings.length, warned ? 1 : 0);
    }
    model.dispose();
  });

  it('takes the data set of the model’s card where none is named', async () => {
    const { model, card } = await loadModelFolder(at('m1000'));
    const { weightsSha256: _, ...known } = card!;
    await saveModelFolder(model, { ...known, dataset: 'cifar10' }, at('small'));
    model.dispose();
    const { dataset: _dataset, ...options } = optionsFor('small', { data: at('m1000-images') });
    await assert.rejects(evaluate(options, contextOf()), /Expected CIFAR-10 in/);
  });

  it('names the option that is missing where ImageNet has no folder', async () => {
    await assert.rejects(evaluate(optionsFor('m1000', { data: undefined }), contextOf()), {
      name: 'UserError',
      message: 'Expected a folder of ImageNet images but received none.',
      remedy: /^Pass one as `data: DIR`\. Its subfolders/,
    });
  });

  it('leaves no tensor and no worker thread behind', async () => {
    const [tensors, threads] = [tf.memory().numTensors, liveThreads()];
    await evaluate(optionsFor('m1000'), contextOf());
    assert.equal(tf.memory().numTensors, tensors);
    assert.equal(liveThreads(), threads);
    await assert.rejects(
      evaluate(optionsFor('m1000', { data: at('nowhere') }), contextOf()),
      /nowhere/,
    );
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('stops when aborted and ends its threads', async () => {
    const threads = liveThreads();
    const context = { ...contextOf(), signal: AbortSignal.abort() };
    for (const precision of ['float', 'tf8'] as const) {
      await assert.rejects(evaluate(optionsFor('m1000', { precision }), context), {
        name: 'AbortError',
      });
    }
    assert.equal(liveThreads(), threads);
  });

  describe('Evaluation', () => {
    it('refuses a network whose outputs are not the data set’s classes, with or without background', async () => {
      const dataset = memoryDataset({ classes: 10, images: 4 });
      const evaluation = new Evaluation(dataset, { seed: 0 }, contextOf());
      const opened = await openFloatModel(at('m1001'), contextOf());
      const refusal = {
        name: 'UserError',
        message:
          'Expected 10 outputs, or 11 with a background class, for synthetic but tiny, float has 1001',
        remedy: 'Evaluate the model on the data set that it was trained for.',
      };
      await assert.rejects(
        evaluation.float(new OpenedFloatModel('tiny', opened.network, opened.facts)),
        refusal,
      );
      await assert.rejects(evaluation.float(openedInMemory(opened.layersModel, 'tiny')), refusal);
      opened.dispose();
    });

    it('takes one output more than classes for a background class where there is no card', async () => {
      const opened = await openFloatModel(at('m1001'), contextOf());
      const dataset = await openDataset('imagenet', { ...contextOf(), dir: at('m1001-images') });
      const evaluation = new Evaluation(dataset, { seed: 0 }, contextOf());
      const { top1 } = await evaluation.float(openedInMemory(opened.layersModel, 'no card'));
      assert.equal(top1, expected.top1);
      opened.dispose();
    });

    it('shows either network the images as it was made to see them, whatever their data set', async () => {
      const own = memoryDataset({ classes: 1000, images: 4, name: 'fashion-mnist' });
      const asked: (number | undefined)[] = [];
      const dataset = {
        ...own,
        batches: (options: BatchOptions) => {
          asked.push(options.centralFraction);
          return own.batches(options);
        },
      };
      const opened = await openFloatModel(at('m1000'), contextOf());
      const evaluation = new Evaluation(dataset, { seed: 0 }, contextOf());
      await evaluation.float(opened);
      const source = { dataset, images: 2, skip: 0, seed: 0, overlap: true };
      const { model } = await quantizeModel(opened, 'keep', source, contextOf());
      await evaluation.tf8(model, 'auto', 'tiny');
      opened.dispose();
      assert.equal(model.preprocessing!.centralFraction, 0.875);
      assert.deepEqual(asked, [0.875, 0.875, 0.875]);
    });
  });

  it('warns where another data set’s networks see another part of an image', async () => {
    const { model, card } = await loadModelFolder(at('m1000'));
    const { weightsSha256: _, ...known } = card!;
    await saveModelFolder(model, { ...known, dataset: 'cifar10' }, at('whole'));
    model.dispose();
    for (const [name, warned] of [
      ['whole', true],
      ['m1000', false],
    ] as const) {
      const reporter = recordingReporter();
      const options = optionsFor(name, { data: at('m1000-images'), precision: 'float' });
      await evaluate(options, contextOf(reporter));
      const warnings = reporter.messages.filter((text) => text.includes('networks of imagenet'));
      const expected = `${at('whole')} sees the middle 100 % of each side of an image, as it was made to; networks of imagenet see 87.5 %`;
      assert.deepEqual(warnings, warned ? [expected] : []);
    }
  });
});
