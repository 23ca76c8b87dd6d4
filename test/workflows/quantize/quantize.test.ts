import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { BEST } from '../../../quantize/convert/recipe.ts';
import { decodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { type QuantizeOptions, quantize } from '../../../workflows/quantize/quantize.ts';
import { contextOf, picture, saveTinyModel, writeImage } from '../../scripts/support.ts';
import { skip } from '../../support/skip.ts';

describe('quantize', () => {
  let folder: string;
  let options: QuantizeOptions;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-quantize-'));
    await saveTinyModel(at('model'), 1001);
    for (const index of [0, 1]) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
    options = {
      model: at('model'),
      recipe: 'as-published',
      out: at('m.tf8'),
      calibrationData: at('images'),
      seed: 0,
    };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('writes a TF8 file that tells its data set and its calibration', async () => {
    const { bytes } = await quantize(options, contextOf());
    const file = await readFile(options.out);
    assert.equal(file.length, bytes);
    const { provenance } = await decodeTf8(file, options.out);
    assert.equal(provenance.dataset, 'imagenet');
    assert.deepEqual([provenance.calibrationImages, provenance.zeroVariance], [2, 'keep']);
  });

  it('takes the recipe best unless another is named', async () => {
    const { recipe: _, ...others } = options;
    const { recipe } = await quantize({ ...others, out: at('best.tf8') }, contextOf());
    assert.equal(recipe, BEST);
    const { provenance } = await decodeTf8(await readFile(at('best.tf8')), 'best.tf8');
    assert.deepEqual(provenance.recipe, BEST);
  });

  it('ends in probabilities where they are asked for, else in logits', async () => {
    for (const softmax of [undefined, true]) {
      await quantize({ ...options, softmax, overwrite: true }, contextOf());
      const { nodes } = await decodeTf8(await readFile(options.out), options.out);
      assert.equal(nodes.at(-1)!.op === 'softmax', softmax === true);
    }
  });

  it('names its own option where there are no images to calibrate with', async () => {
    const { calibrationData: _, ...without } = options;
    await assert.rejects(quantize(without, contextOf()), {
      name: 'UserError',
      message: 'Expected a folder of ImageNet images but received none.',
      remedy: /^Pass one as `calibrationData: DIR`\./,
    });
  });

  it('refuses a folder as --out before it opens the model', async () => {
    await mkdir(at('folder'));
    const wrong = { ...options, model: at('nowhere'), out: at('folder') };
    await assert.rejects(quantize(wrong, contextOf()), {
      name: 'UserError',
      message: `Expected a file for \`out\` but ${at('folder')} is a folder`,
      remedy: `Pass the name of a file, such as ${at('folder/model.tf8')}.`,
    });
  });

  it('refuses an --out below a file before it opens the model', async () => {
    await writeFile(at('file'), '');
    const wrong = { ...options, model: at('nowhere'), out: at('file/m.tf8') };
    await assert.rejects(quantize(wrong, contextOf()), {
      name: 'UserError',
      message: `Expected a folder at ${at('file')} but a file is in its place.`,
    });
  });

  it('refuses an --out whose name is too long before it opens the model', async () => {
    const wrong = { ...options, model: at('nowhere'), out: at('m'.repeat(300)) };
    await assert.rejects(quantize(wrong, contextOf()), { name: 'UserError', message: /too long/ });
  });

  it('refuses an --out in a folder without permission before it opens the model', async function () {
    if (process.getuid?.() === 0) skip(this, 'root may write everywhere');
    await mkdir(at('locked'));
    await chmod(at('locked'), 0o500);
    const wrong = { ...options, model: at('nowhere'), out: at('locked/m.tf8') };
    await assert.rejects(quantize(wrong, contextOf()), /Expected permission to write/);
  });

  it('leaves no tensor and no file behind when it fails', async () => {
    await quantize(options, contextOf());
    const tensors = tf.memory().numTensors;
    await mkdir(at('made'));
    const failing = { ...options, calibrationData: at('nowhere'), out: at('made/m.tf8') };
    await assert.rejects(quantize(failing, contextOf()), /there is no such folder/);
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(await readdir(at('made')), []);
  });
});
