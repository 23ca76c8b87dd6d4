import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { loadModelFolder } from '../../../checkpoints/model_store.ts';
import { type TrainJobOptions, trainJob } from '../../../scripts/jobs/train.ts';
import { FINETUNE } from '../../../training/recipe.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { contextOf } from '../support.ts';

describe('trainJob', () => {
  let folder: string;
  let options: TrainJobOptions;

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-train-'));
    options = {
      variant: STANDARD,
      zeroVariance: 'mean',
      dataset: memoryDataset({ classes: 4, images: 12 }),
      recipe: { ...FINETUNE, batchSize: 6, epochs: 1 },
      widthMultiplier: 0.02,
      resolution: 32,
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
    const { recipe, images, seed, steps, epochs } = training!;
    assert.deepEqual([recipe, images, seed, steps], [{ ...options.recipe }, 12, 0, 2]);
    assert.equal((epochs as unknown[]).length, 1);
  });

  it('starts from a stored model, says what became of its layers and names it in the card', async () => {
    const out = join(folder, 'friendly');
    const { start, card } = await trainJob(
      { ...options, variant: FRIENDLY, from: options.out, out },
      contextOf(),
    );
    assert.equal(start!.folded.length, 13); // the depthwise batch norms
    assert.deepEqual(start!.left, []);
    const { card: source } = await loadModelFolder(options.out);
    assert.equal(card.origin.sha256, source!.weightsSha256);
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
      trainJob({ ...options, from: options.out, widthMultiplier: 0.25 }, contextOf()),
      {
        name: 'UserError',
        message: `Expected width multiplier 0.02, that of ${options.out}, but received 0.25`,
        remedy: 'Pass --width-multiplier 0.02, or train from random weights.',
      },
    );
    assert.equal(tf.memory().numTensors, tensors);
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
});
