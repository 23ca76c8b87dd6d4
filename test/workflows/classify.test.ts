import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { loadModelFolder, saveModelFolder } from '../../checkpoints/store/model_store.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { decodeImage } from '../../datasets/images/decode_image.ts';
import { preprocess } from '../../datasets/images/preprocess.ts';
import { AS_PUBLISHED } from '../../quantize/convert/recipe.ts';
import type { ClassScore } from '../../quantize/execute/top_classes.ts';
import { predictFloat } from '../../training/float_predictor.ts';
import { type ClassifyOptions, classify } from '../../workflows/classify.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { randomizeWeights } from '../architectures/support.ts';
import { savePublishedStyle } from '../checkpoints/keras_mobilenet.ts';
import { contextOf, picture, saveTinyModel, writeImage } from '../scripts/support.ts';
import { recordingReporter } from '../support/recording_reporter.ts';

/** A network [16, 16, 3] → [16, 16, 3]. */
async function saveMask(dir: string): Promise<void> {
  const layer = tf.layers.conv2d({ filters: 3, kernelSize: 1, inputShape: [16, 16, 3] });
  const model = tf.sequential({ layers: [layer] });
  randomizeWeights(model);
  await savePublishedStyle(model, dir);
  model.dispose();
}

describe('classify', () => {
  let folder: string;
  let options: ClassifyOptions;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-classify-'));
    await saveTinyModel(join(folder, 'model'), 1001);
    await writeFile(join(folder, 'image.png'), await picture(1));
    for (const index of [2, 3, 4]) {
      await writeImage(join(folder, 'images'), index, `${index}.png`, await picture(index));
    }
    options = {
      image: join(folder, 'image.png'),
      model: join(folder, 'model'),
      zeroVariance: 'keep',
      calibrationImages: 2,
      seed: 0,
      tier: 'auto',
    };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  function checkGuesses(list: readonly ClassScore[]): void {
    assert.equal(list.length, 5);
    assert.equal(new Set(list.map(({ index }) => index)).size, 5);
    const sum = list.reduce((total, { probability }) => total + probability, 0);
    assert.ok(sum > 0 && sum <= 1 + 1e-6, `sum ${sum}`);
    list.forEach(({ index, name, probability }, rank) => {
      assert.ok(rank === 0 || probability <= list[rank - 1].probability);
      assert.equal(name, index === 0 ? 'background' : IMAGENET_CLASSES[index - 1].name);
    });
  }

  it('lists the five likeliest classes of both precisions, calibrated on the image alone', async () => {
    const result = await classify(options, contextOf());
    checkGuesses(result.float!);
    checkGuesses(result.tf8);
    assert.deepEqual(result.calibration, {
      images: 1,
      source: 'image',
      zeroVariance: 'keep',
      recipe: AS_PUBLISHED,
    });
  });

  it('calibrates with a folder where one is given', async () => {
    const result = await classify(
      { ...options, calibrationData: join(folder, 'images') },
      contextOf(),
    );
    checkGuesses(result.tf8);
    assert.deepEqual(result.calibration, {
      images: 2,
      source: 'data',
      zeroVariance: 'keep',
      recipe: AS_PUBLISHED,
    });
  });

  it('preprocesses as the data set of the model does: cifar10 sees the whole image', async () => {
    const { model, card } = await loadModelFolder(options.model);
    const { weightsSha256: _, ...known } = card!;
    const small = join(folder, 'small');
    await saveModelFolder(model, { ...known, dataset: 'cifar10' }, small);
    const probabilities = async (centralFraction: number) => {
      const image = await decodeImage(options.image);
      const input = preprocess(image, { resolution: 32, centralFraction });
      const scores = await predictFloat(model, input, [1, 32, 32, 3]);
      return Math.max(...scores);
    };
    const [whole, central] = [
      (await classify({ ...options, model: small }, contextOf())).float![0].probability,
      (await classify(options, contextOf())).float![0].probability,
    ];
    assert.equal(whole, await probabilities(1));
    assert.equal(central, await probabilities(0.875));
    assert.notEqual(whole, central);
    model.dispose();
  });

  it('warns of options of the calibration with a TF8 file', async () => {
    const file = join(folder, 'model.tf8');
    const calibrationData = join(folder, 'images');
    await quantize({ ...options, out: file, calibrationData }, contextOf());
    const { zeroVariance: _, calibrationImages: __, ...chosen } = { ...options, model: file };
    const { calibration } = await classify(chosen, contextOf());
    assert.deepEqual(calibration, {
      images: 2,
      source: 'file',
      zeroVariance: 'keep',
      recipe: AS_PUBLISHED,
    });
    const reporter = recordingReporter();
    await classify({ ...chosen, zeroVariance: 'keep', calibrationData }, contextOf(reporter));
    assert.match(reporter.messages.join(), /^`calibrationData` has no effect: /);
  });

  it('draws the outputs that are images beside the photograph, float and TF8 alike', async () => {
    const [model, out] = [join(folder, 'mask'), join(folder, 'pictures')];
    await saveMask(model);
    const chosen = { ...options, model };
    await assert.rejects(classify(chosen, contextOf()), {
      name: 'UserError',
      message: /^Expected an output with a number for each class, .* but it gives .*\[16,16,3\]/,
      remedy: /`pictures: DIR`/,
    });
    const result = await classify({ ...chosen, pictures: out }, contextOf());
    assert.deepEqual([result.float, result.tf8], [[], []]);
    const [{ shape, float, tf8 }, ...others] = result.pictures!;
    assert.deepEqual([shape, others], [[16, 16, 3], []]);
    assert.deepEqual((await readdir(out)).sort(), [basename(float!), basename(tf8)].sort());
    // The photograph, the greatest channel, and three channels: four panels in the first row.
    const sheets = await Promise.all([float!, tf8].map((file) => sharp(file).raw().toBuffer()));
    const { width, height } = await sharp(tf8).metadata();
    assert.deepEqual([width, height], [4 * 256 + 3 * 4, 2 * 256 + 4]);
    const apart = sheets[0].map((value, at) => Math.abs(value - sheets[1][at]));
    assert.ok(apart.reduce((sum, one) => sum + one, 0) / apart.length < 2);
    await classify({ ...chosen, pictures: out }, contextOf());
    await writeFile(tf8, 'mine');
    await assert.rejects(classify({ ...chosen, pictures: out }, contextOf()), {
      name: 'UserError',
      message: /^Expected no file at .*, or one that tf8 wrote/,
    });
    assert.equal(await readFile(tf8, 'utf8'), 'mine');
  });

  it('has no pictures of a network of classes alone', async () => {
    const { pictures, tf8 } = await classify(
      { ...options, pictures: join(folder, 'none') },
      contextOf(),
    );
    assert.deepEqual(pictures, []);
    checkGuesses(tf8);
  });

  it('gives the same lists again and leaves no tensor behind', async () => {
    const first = await classify(options, contextOf());
    const tensors = tf.memory().numTensors;
    assert.deepEqual(await classify(options, contextOf()), first);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('names an image that cannot be read', async () => {
    const image = join(folder, 'missing.png');
    await assert.rejects(classify({ ...options, image }, contextOf()), {
      message: `Expected an image in ${image} but there is no such file.`,
    });
  });
});
