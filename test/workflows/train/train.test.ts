import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import { DISTILLATION, FINETUNE_RMSPROP } from '../../../training/recipes/recipes.ts';
import {
  defaultValidationImages,
  type TrainJobOptions,
  trainJob,
} from '../../../workflows/train/train.ts';
import type { TrainedNetwork } from '../../../workflows/train/trained_network.ts';
import { contextOf } from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { TSX } from '../../support/without_tfjs_node.ts';
import { abortingReporter } from '../../training/loop/aborting_reporter.ts';

const TRAIN_ON_PIXELS = fileURLToPath(new URL('train_on_pixels.ts', import.meta.url));

const STANDARD_NETWORK = {
  network: 'mobilenet_v1',
  variant: STANDARD,
  widthMultiplier: 0.02,
} as const satisfies TrainedNetwork;
const FRIENDLY_NETWORK = { ...STANDARD_NETWORK, variant: FRIENDLY };

async function loadCard(folder: string) {
  const { model, card } = await loadModelFolder(folder);
  model.dispose();
  return { card: card! };
}

describe('trainJob', () => {
  let folder: string;
  let options: TrainJobOptions;

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-train-'));
    options = {
      network: STANDARD_NETWORK,
      zeroVariance: 'mean',
      dataset: memoryDataset({ classes: 4, images: 12 }),
      recipe: { ...FINETUNE_RMSPROP, batchSize: 6, budget: { epochs: 1 }, resolution: 32 },
      seed: 0,
      out: join(folder, 'scratch'),
    };
    await trainJob(options, contextOf());
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  it('stores a model that loads, with a whole card', async () => {
    const { model, card } = await loadModelFolder(options.out);
    model.dispose();
    const { weightsSha256, training, ...rest } = card!;
    assert.match(weightsSha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      architecture: {
        network: 'mobilenet_v1',
        variant: 'standard',
        widthMultiplier: 0.02,
        resolution: 32,
        classes: 4,
      },
      dataset: 'synthetic',
      classNames: ['class 0', 'class 1', 'class 2', 'class 3'],
      labelOffset: 0,
      origin: {
        source: 'standard trained on synthetic from random weights',
        route: 'tf8 train',
        sha256: '0'.repeat(64),
      },
    });
    const { recipe, images, validationImages, dataSha256, seed, steps, epochs } = training!;
    assert.deepEqual([recipe, images, seed, steps], [{ ...options.recipe }, 12, 0, 2]);
    assert.equal(validationImages, 0);
    assert.equal(dataSha256, options.dataset.fingerprint);
    assert.equal((epochs as unknown[]).length, 1);
  });

  it('starts from a stored model, says what became of its layers and names it in the card', async () => {
    const out = join(folder, 'friendly');
    const { start, card } = await trainJob(
      { ...options, network: FRIENDLY_NETWORK, from: options.out, out },
      contextOf(),
    );
    assert.equal(start!.folded.length, 13); // the depthwise batch norms
    assert.deepEqual(start!.left, []);
    const { card: source } = await loadModelFolder(options.out);
    assert.equal(card.origin.sha256, source!.weightsSha256);
    assert.equal(card.training!.dataSha256, options.dataset.fingerprint);
    assert.equal(
      card.origin.source,
      'friendly trained on synthetic from standard trained on synthetic from random weights',
    );
  });

  it('gives the same weights again, and leaves no tensor behind', async () => {
    const tensors = tf.memory().numTensors;
    const first = await trainJob({ ...options, out: join(folder, 'first') }, contextOf());
    const second = await trainJob({ ...options, out: join(folder, 'second') }, contextOf());
    assert.equal(second.card.weightsSha256, first.card.weightsSha256);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('refuses to start from a model of another width', async () => {
    const tensors = tf.memory().numTensors;
    await assert.rejects(
      trainJob(
        {
          ...options,
          from: options.out,
          out: join(folder, 'none'),
          network: { ...STANDARD_NETWORK, widthMultiplier: 0.25 },
        },
        contextOf(),
      ),
      {
        name: 'UserError',
        message: `Expected width multiplier 0.02, that of ${options.out}, but received 0.25`,
        remedy: 'Pass `widthMultiplier: 0.02`, or train from random weights.',
      },
    );
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('refuses to start a variant with depthwise batch norms from one without', async () => {
    const from = join(folder, 'without');
    await trainJob({ ...options, network: FRIENDLY_NETWORK, out: from }, contextOf());
    const tensors = tf.memory().numTensors;
    await assert.rejects(
      trainJob(
        { ...options, network: STANDARD_NETWORK, from, out: join(folder, 'none') },
        contextOf(),
      ),
      {
        name: 'UserError',
        message: `Expected a model with batch norms after its depthwise convolutions, as variant standard has them, but ${from} has none`,
        remedy: 'Start from a model of variant standard, or pass another `variant`: friendly.',
      },
    );
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('refuses to start from a network that is no MobileNetV1', async () => {
    const other = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 2, kernelSize: 3 }),
        tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
      ],
    });
    const from = join(folder, 'other');
    await other.save(`file://${from}`);
    other.dispose();
    await assert.rejects(trainJob({ ...options, from, out: join(folder, 'none') }, contextOf()), {
      name: 'UserError',
      message: /^Expected a MobileNetV1 like MobilenetV1_0\.02_32_4_standard to start from but /,
      remedy:
        'Start from another model, or from random weights without `from`; what is of another width or network needs `widthMultiplier` or `network`.',
    });
  });

  describe('with a teacher', () => {
    it('distils by the recipe, or by the usual weight and temperature, and says so in the card', async () => {
      const teacher = options.out;
      const { card: known } = await loadCard(teacher);
      for (const [recipe, distillation] of [
        [options.recipe, DISTILLATION],
        [
          { ...options.recipe, distillation: { weight: 1, temperature: 2 } },
          { weight: 1, temperature: 2 },
        ],
      ] as const) {
        const out = join(folder, `distilled-${distillation.temperature}`);
        const { card, training } = await trainJob(
          { ...options, network: FRIENDLY_NETWORK, recipe, teacher, out },
          contextOf(),
        );
        assert.deepEqual((card.training!.recipe as Partial<Recipe>).distillation, distillation);
        assert.equal(card.training!.teacher, known.weightsSha256);
        assert.equal(
          card.origin.source,
          'friendly trained on synthetic from random weights, distilled from standard trained on synthetic from random weights',
        );
        assert.equal(training.steps, 2);
      }
    });

    it('leaves no tensor behind', async () => {
      const tensors = tf.memory().numTensors;
      const out = join(folder, 'distilled-tensors');
      await trainJob({ ...options, teacher: options.out, out }, contextOf());
      assert.equal(tf.memory().numTensors, tensors);
    });

    it('refuses one of other outputs, of another resolution or without logits', async () => {
      const other = join(folder, 'no-logits');
      const model = tf.sequential({
        layers: [
          tf.layers.flatten({ inputShape: [32, 32, 3] }),
          tf.layers.dense({ units: 4, activation: 'softmax' }),
        ],
      });
      await model.save(`file://${other}`);
      model.dispose();
      const out = join(folder, 'none');
      const tensors = tf.memory().numTensors;
      const cases: readonly [Partial<TrainJobOptions>, string, string][] = [
        [
          { dataset: memoryDataset({ classes: 3, images: 12 }) },
          `Expected a teacher with 3 outputs, as the network that it is to teach, but ${options.out} has 4`,
          'Pass a teacher that was trained on the same data set.',
        ],
        [
          { recipe: { ...options.recipe, resolution: 64 } },
          `Expected a teacher that reads images of 64 × 64, as the network that it is to teach, but ${options.out} has an input of 32 × 32`,
          'Pass `resolution: 32`, or a teacher that was trained at 64.',
        ],
        [
          { teacher: other },
          `Expected a teacher whose logits are the outputs of a layer SpatialSqueeze, or the inputs of a softmax, but ${other} has none`,
          'Pass a model that `train()` or `pull()` stored.',
        ],
      ];
      for (const [changes, message, remedy] of cases) {
        await assert.rejects(
          trainJob({ ...options, teacher: options.out, out, ...changes }, contextOf()),
          { name: 'UserError', message, remedy },
        );
      }
      assert.equal(tf.memory().numTensors, tensors);
    });
  });

  describe('InceptionV3', () => {
    const network = { network: 'inception_v3', widthMultiplier: 0.05 } as const;

    // That it is trained: test/slow/inception_v3_training.slow.ts.
    it('is refused where it is too small for its modules', async () => {
      await assert.rejects(
        trainJob({ ...options, network, out: join(folder, 'none') }, contextOf()),
        {
          name: 'UserError',
          message:
            'InceptionV3 cannot be built: Expected a resolution of at least 75 pixels but received 32',
          remedy: 'Pass another `resolution`.',
        },
      );
    });

    it('does not start from a MobileNetV1, nor that from it', async () => {
      await assert.rejects(
        trainJob(
          {
            ...options,
            network,
            recipe: { ...options.recipe, resolution: 75 },
            from: options.out,
            out: join(folder, 'none'),
          },
          contextOf(),
        ),
        {
          name: 'UserError',
          message: `Expected an InceptionV3 to start from but ${options.out} is a MobileNetV1`,
          remedy: "Pass `network: 'mobilenet_v1'`, or start from another model.",
        },
      );
    });
  });

  it('refuses an --out that is a file before it loads the model to start from', async () => {
    const out = join(folder, 'file');
    await writeFile(out, 'mine');
    await assert.rejects(trainJob({ ...options, from: 'no such model', out }, contextOf()), {
      name: 'UserError',
      message: `Expected a folder at ${out} but a file is in its place.`,
    });
  });

  it('Ctrl-C while it trains on pixels in memory: stores what it has reached, status 130', async () => {
    const out = join(folder, 'ctrl-c');
    const child = spawn(process.execPath, ['--import', TSX, TRAIN_ON_PIXELS, out], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 50_000,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (!stderr.includes('training') && text.includes('training')) child.kill('SIGINT');
      stderr += text;
    });
    const [status] = await once(child, 'close');
    assert.equal(status, 130, stderr);
    const { model, card } = await loadModelFolder(out);
    model.dispose();
    const steps = card!.training!.steps as number;
    assert.ok(steps < 100_000, `${steps} steps`);
  });

  it('stores what it has reached when it is interrupted', async () => {
    const out = join(folder, 'interrupted');
    const context = { ...contextOf(), signal: AbortSignal.abort() };
    const { training } = await trainJob({ ...options, out }, context);
    assert.equal(training.interrupted, true);
    const { model, card } = await loadModelFolder(out);
    model.dispose();
    assert.equal(card!.training!.steps, 0);
  });

  it('stores only the model unless the run is to be stored', async () => {
    const [json, shard, ...others] = (await readdir(options.out)).sort();
    assert.equal(json, 'model.json');
    assert.match(shard, /^weights-.+\.bin$/);
    assert.deepEqual(others, []);
  });

  describe('that stores its run', () => {
    let stored: TrainJobOptions;

    before(async () => {
      stored = {
        ...options,
        recipe: { ...options.recipe, budget: { epochs: 2 } },
        validationImages: 4,
        run: { resume: false, checkpointSteps: 1 },
        out: join(folder, 'stored'),
      };
      await trainJob(stored, contextOf());
    });

    it('keeps the last and the best network, checkpoints, metrics and a curve', async () => {
      assert.deepEqual(
        (await readdir(stored.out)).filter((name) => !name.startsWith('weights-')).sort(),
        ['best', 'checkpoints', 'metrics.jsonl', 'model.json', 'tensorboard', 'training_curve.svg'],
      );
      const cards = [];
      for (const dir of [stored.out, join(stored.out, 'best')]) {
        const { model, card } = await loadModelFolder(dir);
        model.dispose();
        cards.push(card!.training!);
      }
      const [last, best] = cards as [Record<string, unknown>, Record<string, unknown>];
      assert.deepEqual(best.best, last.best);
      assert.equal(last.validationImages, 4);
      assert.equal(best.steps, (best.best as { step: number }).step);
    });

    it('is not begun again over its checkpoints', async () => {
      await assert.rejects(trainJob(stored, contextOf()), {
        name: 'UserError',
        message: `Expected a folder without a training but ${stored.out} holds the checkpoints of one`,
        remedy: 'Pass `resume: true` to go on with it, or another `out`.',
      });
    });

    it('resumes one that is over to the same weights', async () => {
      const reporter = recordingReporter();
      const { model, card } = await loadModelFolder(stored.out);
      model.dispose();
      const again = await trainJob({ ...stored, run: { resume: true } }, contextOf(reporter));
      assert.equal(again.card.weightsSha256, card!.weightsSha256);
      assert.ok(reporter.messages.includes(`Resuming after step ${card!.training!.steps}.`));
    });

    it('after Ctrl-C resumes to the weights of the run that was not interrupted', async () => {
      const { model, card } = await loadModelFolder(stored.out);
      model.dispose();
      const out = join(folder, 'resumed');
      const abort = new AbortController();
      const reporter = abortingReporter(abort, 1);
      const context = { ...contextOf(reporter), signal: abort.signal };
      const first = await trainJob({ ...stored, out }, context);
      assert.deepEqual([first.training.interrupted, first.training.steps], [true, 1]);
      const resumed = await trainJob({ ...stored, out, run: { resume: true } }, contextOf());
      assert.deepEqual(resumed.card, card);
    });

    it('refuses to resume with other options before it says or writes anything', async () => {
      const files = ['metrics.jsonl', 'training_curve.svg'].map((name) => join(stored.out, name));
      const before = await Promise.all(files.map((file) => readFile(file)));
      const reporter = recordingReporter();
      const teacher = options.out;
      for (const changes of [{ seed: 1 }, { teacher }]) {
        const changed = { ...stored, ...changes, run: { resume: true } };
        await assert.rejects(trainJob(changed, contextOf(reporter)), {
          name: 'UserError',
          remedy: 'Go on with the options of the run, or train anew into another folder.',
        });
      }
      assert.deepEqual(reporter.messages, []);
      assert.deepEqual(await Promise.all(files.map((file) => readFile(file))), before);
    });

    it('--resume without a checkpoint begins, and says so', async () => {
      const reporter = recordingReporter();
      const out = join(folder, 'begun');
      const { training } = await trainJob(
        { ...stored, out, run: { resume: true } },
        contextOf(reporter),
      );
      assert.equal(training.interrupted, false);
      assert.ok(
        reporter.messages.includes(`No checkpoint in ${out} to resume from: training begins.`),
      );
    });
  });
});

describe('defaultValidationImages', () => {
  it('is a twentieth of the images of an epoch, 5000 at most', () => {
    const of = (images: number, limit?: number) =>
      defaultValidationImages(memoryDataset({ classes: 2, images }), limit);
    assert.deepEqual([of(19), of(60_000), of(60_000, 10_000), of(1_281_167)], [0, 3000, 500, 5000]);
  });

  it('is none where the data set has a validation split of its own', () => {
    const dataset = memoryDataset({ classes: 2, images: 100 });
    assert.equal(defaultValidationImages({ ...dataset, count: () => 100 }), 0);
  });
});
