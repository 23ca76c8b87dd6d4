import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { FRIENDLY, NO_DEPTHWISE_BN, STANDARD } from '../../../architectures/variants.ts';
import {
  type LoadedModel,
  loadModelFolder,
  type NewModelCard,
  saveModelFolder,
} from '../../../checkpoints/store/model_store.ts';
import { type Reporter, SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { FINETUNE } from '../../../training/recipes/recipes.ts';
import { openFloatModel } from '../../../workflows/open/open_model.ts';
import { quantizeModel } from '../../../workflows/quantize/quantize.ts';
import {
  type RearchitectOptions,
  type RearchitectResult,
  rearchitect,
} from '../../../workflows/rearchitect/rearchitect.ts';
import { enliven, relativeDifference } from '../../architectures/rearchitect/support.ts';
import {
  buildShortMobileNetV1,
  randomizeWeights,
  someInput,
  TINY,
} from '../../architectures/support.ts';
import { contextOf } from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { abortingReporter } from '../../training/loop/aborting_reporter.ts';

const CLASSES = 4;
const RECIPE = { ...FINETUNE, batchSize: 6, budget: { epochs: 1 }, resolution: 96 };

/** A live standard network with `outputs` classes and its card. */
function saveStandard(dir: string, outputs: number): Promise<void> {
  const config = { ...TINY, classes: outputs, variant: STANDARD };
  const architecture = { network: 'mobilenet_v1', ...config, variant: STANDARD.name } as const;
  return saveLive(buildMobileNetV1(config), architecture, dir);
}

/** The same with four core layers, as a network that its layers alone describe. */
function saveShort(dir: string, outputs: number): Promise<void> {
  const { resolution } = TINY;
  const model = buildShortMobileNetV1({ ...TINY, classes: outputs, variant: STANDARD });
  const shape = { resolution, width: resolution, channels: 3, classes: outputs };
  return saveLive(model, { network: 'other', ...shape }, dir);
}

async function saveLive(
  model: tf.LayersModel,
  architecture: NewModelCard['architecture'],
  dir: string,
): Promise<void> {
  const images = someInput(8);
  try {
    randomizeWeights(model);
    enliven(model, images);
    await saveModelFolder(
      model,
      {
        architecture,
        dataset: 'synthetic',
        classNames: Array.from({ length: CLASSES }, (_, label) => `class ${label}`),
        labelOffset: architecture.classes - CLASSES,
        origin: { source: 'made up for a test', route: 'a test', sha256: '0'.repeat(64) },
      },
      dir,
    );
  } finally {
    images.dispose();
    model.dispose();
  }
}

function logitsOf({ model }: LoadedModel): Float32Array {
  return tf.tidy(() =>
    (logitsModel(model).predict(someInput(4)) as tf.Tensor).dataSync<'float32'>(),
  );
}

describe('rearchitect', () => {
  let folder: string;
  let options: RearchitectOptions;
  /** Of the short network, on few images. */
  let short: RearchitectOptions;
  let result: RearchitectResult;
  const reporter = recordingReporter();
  const at = (name: string) => join(folder, name);

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-rearchitect-'));
    await saveStandard(at('standard'), CLASSES);
    await saveStandard(at('with-background'), CLASSES + 1);
    await saveShort(at('short'), CLASSES);
    await saveShort(at('short-with-background'), CLASSES + 1);
    options = {
      model: at('standard'),
      variant: FRIENDLY,
      dataset: memoryDataset({ classes: CLASSES, images: 30, broken: [3] }),
      images: 30,
      seed: 1,
      out: at('friendly'),
    };
    short = { ...options, model: at('short'), images: 5 };
    result = await rearchitect(options, contextOf(reporter));
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  describe('without retraining', () => {
    it('stores a model of the variant, equalized and centred, with a card that tells how it was made', async () => {
      const { model, card } = await loadModelFolder(at('friendly'));
      model.dispose();
      assert.deepEqual(card, result.card);
      assert.equal(
        card.architecture.network === 'mobilenet_v1' && card.architecture.variant,
        'friendly',
      );
      assert.deepEqual(card.classNames, options.dataset.classNames);
      assert.match(card.origin.source, /^friendly rebuilt from made up for a test$/);
      assert.equal(card.origin.route, 'tf8 rearchitect');
      assert.equal(card.training!.seed, 1);
      assert.deepEqual(
        card.training!.reconstruction,
        JSON.parse(JSON.stringify(result.reconstruction)),
      );
      assert.equal(result.equalization!.layers.length, 27);
      assert.deepEqual(card.training!.centring, { ...result.centring, images: 29 });
      assert.equal(result.centring!.layers.length, 13);
      assert.equal(result.reconstructed, result.out);
    });

    it('names each image that cannot be read once', () => {
      assert.equal(result.reconstruction.images, 29);
      assert.equal(result.reconstruction.skipped, 1);
      const said = reporter.messages.filter((message) => message.startsWith('skipped'));
      assert.deepEqual(said, ['skipped train/3: broken for a test']);
    });

    it('ends its progress, all passes done', () => {
      const [work, means] = reporter.work;
      assert.match(work.label, /^rebuilding .*standard as friendly$/);
      assert.deepEqual([work.done, work.ends], [52, 1]);
      assert.equal(means.label, 'measuring channel means');
      assert.deepEqual([means.done, means.ends], [29, 1]);
    });

    it('makes a model that TF8 takes', async () => {
      const opened = await openFloatModel(result.out, contextOf());
      const source = { dataset: options.dataset, images: 5, seed: 0, skip: 0 };
      const { model } = await quantizeModel(opened, 'keep', source, contextOf());
      assert.equal(model.nodes.filter(({ op }) => op === 'depthwiseConv2d').length, 13);
      opened.dispose();
    });

    it('keeps an output for the background', async () => {
      const { card } = await rearchitect(
        { ...short, model: at('short-with-background'), out: at('friendly-background') },
        contextOf(),
      );
      assert.deepEqual([card.architecture.classes, card.labelOffset], [CLASSES + 1, 1]);
    });

    it('warns by the layers’ names where the images are few', async () => {
      const { warnings } = await rearchitect(
        { ...options, variant: NO_DEPTHWISE_BN, images: 3, out: at('few') },
        contextOf(),
      );
      assert.ok(warnings.some((text) => /^3 images are too few to hold some out/.test(text)));
      const fewer = warnings.find((text) => /fewer positions than channels/.test(text));
      assert.match(fewer!, /Conv2d_13_pointwise: fit on more images \(`images`\)/);
    });

    it('takes a standard network without a card, and refuses others without one', async () => {
      await cp(at('short'), at('bare'), { recursive: true });
      const path = at('bare/model.json');
      const json = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...json, userDefinedMetadata: {} }));
      const { card } = await rearchitect(
        { ...short, model: at('bare'), out: at('from-bare') },
        contextOf(),
      );
      assert.equal(card.labelOffset, 0);
      const other = tf.sequential({
        layers: [
          tf.layers.globalAveragePooling2d({ inputShape: [32, 32, 3], dataFormat: 'channelsLast' }),
          tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
        ],
      });
      await saveBare(other, at('other'));
      other.dispose();
      await assert.rejects(
        rearchitect({ ...options, model: at('other'), out: at('none') }, contextOf()),
        /Expected a network with depthwise convolutions to rebuild but .*other has none/,
      );
    });
  });

  describe('of some of the layers', () => {
    it('leaves alone what is to be kept, and says so', async () => {
      const said = recordingReporter();
      const keep = ['Conv2d_1_depthwise', 'Conv2d_2_pointwise'];
      const { plan, card, reconstruction } = await rearchitect(
        { ...short, keep, out: at('kept') },
        contextOf(said),
      );
      assert.equal(card.architecture.network, 'other');
      assert.deepEqual(plan!.leftAlone, [
        { layer: 'Conv2d_1_depthwise', reason: 'kept, as asked' },
        { layer: 'Conv2d_2_depthwise', reason: 'kept, as asked' },
      ]);
      assert.equal(reconstruction.layers.length, 2);
      assert.ok(said.messages.some((text) => /^2 depthwise layers become linear: /.test(text)));
      const opened = await openFloatModel(at('kept'), contextOf());
      const first = opened.graph.nodes.find(({ name }) => name === 'Conv2d_1_depthwise');
      assert.ok(first);
      assert.ok(opened.graph.nodes.some(({ name }) => name === 'Conv2d_1_depthwise/BatchNorm'));
      opened.dispose();
    });

    it('takes as many as are asked for, of those that gain most', async () => {
      const { plan } = await rearchitect(
        { ...short, keep: ['Conv2d_1_depthwise'], layers: 2, out: at('two') },
        contextOf(),
      );
      assert.equal(plan!.layers.length, 2);
      for (const { floatLossPercent, tf8BeforePercent, tf8AfterPercent } of plan!.layers) {
        assert.ok(floatLossPercent! > 0 && tf8BeforePercent! > 0);
        assert.ok(tf8AfterPercent! > 0);
      }
      assert.equal(plan!.leftAlone.length, 2);
    });

    it('refuses to keep a layer that is not there, naming those that are', () =>
      assert.rejects(rearchitect({ ...options, keep: ['nowhere'], out: at('none') }, contextOf()), {
        message:
          /Expected a depthwise or pointwise layer of .*standard to keep as it is but it has none called nowhere/,
        remedy: /Conv2d_1_depthwise with Conv2d_1_pointwise, Conv2d_2_depthwise with/,
      }));
  });

  describe('with retraining', () => {
    let retrained: RearchitectResult;
    let retrain: RearchitectOptions;
    let bestSha256: string;
    const said = recordingReporter();

    before(async () => {
      retrain = {
        ...options,
        model: at('with-background'),
        images: 10,
        out: at('retrained'),
        retrain: {
          recipe: RECIPE,
          limit: 12,
          distill: true,
          validationImages: 5,
          run: { resume: true, checkpointSteps: 1 },
        },
      };
      retrained = await rearchitect(retrain, contextOf(said));
    });

    it('trains from the reconstruction and tells of both in the card', async () => {
      const { card, training, reconstructed } = retrained;
      assert.equal(training!.steps, 1);
      assert.equal(reconstructed, join(at('retrained'), 'reconstructed'));
      assert.equal(card.training!.steps, 1);
      const told = card.training!.rearchitecture as Record<string, unknown>;
      assert.equal(told.validationImages, 5);
      assert.ok(told.reconstruction && told.equalization && told.centring);
      assert.match(card.origin.source, /rebuilt from made up for a test and retrained$/);
      const before = (await loadModelFolder(reconstructed)).card!;
      assert.equal(before.training!.equalization, undefined);
    });

    it('leaves out the background, which no label names, of the teacher too', async () => {
      assert.deepEqual(
        [retrained.card.architecture.classes, retrained.card.labelOffset],
        [CLASSES, 0],
      );
      assert.ok(
        said.messages.some((text) => /output for the background, .* is left out/.test(text)),
      );
      const [teacher, original] = [
        await loadModelFolder(join(at('retrained'), 'teacher')),
        await loadModelFolder(at('with-background')),
      ];
      const expected = logitsOf(original).filter((_, i) => i % (CLASSES + 1) > 0);
      assert.ok(relativeDifference(logitsOf(teacher), expected) < 1e-6);
      teacher.model.dispose();
      original.model.dispose();
    });

    it('finishes the network that did best as well', async () => {
      assert.ok(existsSync(retrained.best!));
      const { model, card } = await loadModelFolder(retrained.best!);
      model.dispose();
      bestSha256 = card!.weightsSha256;
      assert.ok((card!.training!.rearchitecture as Record<string, unknown>).equalization);
    });

    it('takes over the reconstruction and the training that its folder holds', async () => {
      const again = recordingReporter();
      const second = await rearchitect(retrain, contextOf(again));
      assert.ok(
        again.messages.some((text) => /holds this reconstruction: it is taken over/.test(text)),
      );
      assert.equal(second.card.weightsSha256, retrained.card.weightsSha256);
      const { model, card } = await loadModelFolder(second.best!);
      model.dispose();
      assert.equal(card!.weightsSha256, bestSha256);
      assert.deepEqual(second.reconstruction, retrained.reconstruction);
    });

    it('refuses to put another reconstruction under a training that has begun', async () => {
      const again = recordingReporter();
      await assert.rejects(rearchitect({ ...retrain, seed: 2 }, contextOf(again)), {
        name: 'UserError',
        message: /began with equal options in .* but its reconstruction is another one/,
        remedy: /another `out`/,
      });
      const anew = { ...retrain.retrain!, run: { resume: false } };
      await assert.rejects(
        rearchitect({ ...retrain, retrain: anew }, contextOf(again)),
        /Expected a folder without a training but .* holds the checkpoints of one/,
      );
      assert.deepEqual(again.work, []);
    });
  });

  it('stores an interrupted retraining as it is, to be gone on with', async () => {
    const abort = new AbortController();
    const stopping: Reporter = {
      ...SILENT_REPORTER,
      start: (label) => ({
        update: () => label.startsWith('training') && abort.abort(),
        end() {},
      }),
    };
    const interrupted = {
      ...short,
      out: at('interrupted'),
      retrain: {
        recipe: { ...RECIPE, budget: { epochs: 2 } },
        limit: 12,
        distill: false,
        run: { resume: true, checkpointSteps: 1 },
      },
    };
    const first = await rearchitect(interrupted, { ...contextOf(stopping), signal: abort.signal });
    assert.ok(first.training!.interrupted);
    assert.equal(first.equalization, undefined);
    const second = await rearchitect(interrupted, contextOf());
    assert.ok(!second.training!.interrupted);
    assert.equal(second.training!.epochs.length, 2);
    assert.equal(second.equalization!.layers.length, 9);
  });

  it('leaves no tensor behind', async () => {
    const plain = { ...short, out: at('again') };
    await rearchitect(plain, contextOf());
    const { numTensors } = tf.memory();
    await rearchitect({ ...plain, overwrite: true }, contextOf());
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('ends on Ctrl-C without a model', async () => {
    const abort = new AbortController();
    const context = { ...contextOf(abortingReporter(abort, 3)), signal: abort.signal };
    await assert.rejects(rearchitect({ ...short, images: 30, out: at('aborted') }, context), {
      name: 'AbortError',
    });
    assert.ok(!existsSync(at('aborted/model.json')));
  });

  describe('refuses', () => {
    const refused = (changes: Partial<RearchitectOptions>, message: RegExp, remedy: RegExp) =>
      assert.rejects(rearchitect({ ...options, out: at('refused'), ...changes }, contextOf()), {
        name: 'UserError',
        message,
        remedy,
      });

    it('standard as the variant, saying why', () =>
      refused(
        { variant: STANDARD },
        /received standard, which is what a model is rebuilt from/,
        /friendly/,
      ));

    it('to put the new model where the original is', async () => {
      for (const model of [at('standard'), at('standard/model.json')]) {
        await refused(
          { model, out: at('standard/') },
          /Expected another folder for the new model than that of .*standard/,
          /another `out`/,
        );
      }
    });

    it('a model that is friendly already', () =>
      refused(
        { model: at('friendly') },
        /whose activation can go but .*friendly has none\n {2}it is linear already: Conv2d_1_depthwise, /,
        /`train\({ variant: 'standard' }\)`/,
      ));

    it('a data set that the model was not trained for', () =>
      refused(
        { dataset: memoryDataset({ classes: 7, images: 5, name: 'others' }) },
        /Expected a model of the 7 classes of others but .*standard has the 4 classes of synthetic/,
        /`dataset: 'synthetic'`.*`train\({ variant: 'standard', from: /,
      ));

    it('another network', async () => {
      const path = at('inception');
      const model = tf.sequential({
        layers: [
          tf.layers.globalAveragePooling2d({ inputShape: [75, 75, 3], dataFormat: 'channelsLast' }),
          tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
        ],
      });
      await saveModelFolder(
        model,
        {
          architecture: { network: 'inception_v3', resolution: 75, classes: CLASSES },
          dataset: 'synthetic',
          classNames: [],
          labelOffset: 0,
          origin: { source: 'made up for a test', route: 'a test', sha256: '0'.repeat(64) },
        },
        path,
      );
      model.dispose();
      await refused(
        { model: path },
        /Expected a network with depthwise convolutions to rebuild but .*inception has none/,
        /mobilenet_v1/,
      );
    });
  });
});

/** As tfjs saves a model, without a card. */
async function saveBare(model: tf.LayersModel, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const manifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format: 'layers-model', modelTopology, weightsManifest: manifest };
      await writeFile(join(dir, 'model.json'), JSON.stringify(json));
      await writeFile(
        join(dir, 'weights.bin'),
        new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}
