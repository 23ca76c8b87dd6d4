import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { runMain } from './run_tf8.ts';
import { picture, saveTinyModel, writeImage } from './support.ts';

describe('tf8 rearchitect', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-rearchitect-command-'));
    await saveTinyModel(at('model'), 1001, 0.1);
    for (let index = 0; index < 6; index++) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  it('rebuilds without training and shows each layer; the folder is a model of every command', async () => {
    const { status, stdout, stderr } = await runMain([
      'rearchitect',
      at('model'),
      '--variant',
      'friendly',
      '--dataset',
      'imagenet',
      '--data',
      at('images'),
      '--out',
      at('out'),
      '--no-retrain',
      '--images',
      '5',
    ]);
    assert.equal(status, 0);
    assert.match(stderr, /13 depthwise layers become linear: Conv2d_1_depthwise, /);
    assert.match(stdout, /^fitted on 5 images in \d+ s$/m);
    assert.match(stdout, /^\| Conv2d_1_pointwise +\| +[\d.]+ \| +[\d.]+ \| +\d+ \|$/m);
    assert.match(stdout, /^equalized after 27 layers; centred 13 depthwise layers$/m);
    assert.match(stdout, /^stored in .*out$/m);
    const evaluated = await runMain([
      'evaluate',
      at('out'),
      '--data',
      at('images'),
      '--calibration-images',
      '3',
      '--recipe',
      'as-published',
      '--json',
    ]);
    assert.equal(evaluated.status, 0, evaluated.stderr);
    assert.equal(JSON.parse(evaluated.stdout).images, 6);
  });

  it('prints one object with --json', async () => {
    const { stdout } = await runMain([
      'rearchitect',
      at('model'),
      '--data',
      at('images'),
      '--out',
      at('json'),
      '--no-retrain',
      '--images',
      '2',
      '--json',
    ]);
    const { reconstruction, out, card } = JSON.parse(stdout);
    assert.equal(out, at('json'));
    assert.equal(card.architecture.variant, 'friendly');
    assert.equal(reconstruction.layers.length, 13);
    assert.equal(reconstruction.layers[0].unexplainedVariance, null);
  });

  it('refuses a number of images that is none, and both epochs and minutes', async () => {
    const refused = async (...args: string[]) =>
      (await runMain(['rearchitect', at('model'), '--out', at('none'), ...args])).stderr;
    assert.match(await refused('--images', '0'), /whole number of at least 1 for --images/);
    assert.match(await refused('--epochs', '1', '--minutes', '1'), /mutually exclusive/);
    assert.match(await refused('--layers', '0'), /at least 1, or all, for --layers but received 0/);
    assert.match(await refused('--layers', '1', '--max-loss', '1'), /mutually exclusive/);
  });

  it('refuses options of the retraining without one', async () => {
    for (const option of [
      ['--epochs', '1'],
      ['--limit', '9'],
      ['--learning-rate', '1'],
      ['--resume'],
    ]) {
      const { status, stderr } = await runMain([
        'rearchitect',
        at('model'),
        '--out',
        at('none'),
        '--no-retrain',
        ...option,
      ]);
      assert.equal(status, 1);
      assert.ok(stderr.includes(`Expected no ${option[0]} with --no-retrain`), stderr);
    }
  });
});
