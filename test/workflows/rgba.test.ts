import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import { analyze } from '../../workflows/analyze/analyze.ts';
import { classify } from '../../workflows/classify.ts';
import { evaluate } from '../../workflows/evaluate/evaluate.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { trainQuantizationAware } from '../../workflows/train/quantization_aware.ts';
import { networkOf } from '../quantize/convert/support.ts';
import { contextOf, picture } from '../scripts/support.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { TINY } from '../training/quantized/support.ts';

const IMAGES = 4;

describe('a network of images with alpha, [32, 32, 4]', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const given = () => ({ model: at('float'), calibrationData: at('images'), seed: 0 });

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-rgba-'));
    await mkdir(at('images'));
    for (let n = 0; n < IMAGES; n++) {
      const image = sharp(await picture(n));
      const shown = n % 2 === 0 ? image : image.ensureAlpha(n / IMAGES);
      await writeFile(at(`images/${n}.png`), await shown.png().toBuffer());
    }
    const model = networkOf([32, 32, 4], TINY);
    await model.save(`file://${at('float')}`);
    model.dispose();
    await quantize({ ...given(), recipe: 'as-published', out: at('m.tf8') }, contextOf());
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  it('is quantized into a file that says what the fourth channel is', async () => {
    const { input, preprocessing } = await decodeTf8(await readFile(at('m.tf8')), 'm.tf8');
    assert.deepEqual([input.shape, preprocessing?.alpha], [[32, 32, 4], true]);
  });

  it('is evaluated, analyzed and classified, and sees alpha', async () => {
    const options = {
      ...given(),
      recipe: 'as-published',
      data: at('images'),
      tier: 'auto',
    } as const;
    const { outputs } = await evaluate({ ...options, precision: 'both' }, contextOf());
    assert.ok(outputs![0].sqnrDb > 10, String(outputs![0].sqnrDb));
    const { layers } = await analyze(
      { ...options, accuracy: false, runsDir: at('runs'), command: '' },
      contextOf(),
    );
    assert.equal(layers.length, 4);
    const of = async (image: string) => {
      const { tf8 } = await classify(
        { image, model: at('m.tf8'), seed: 0, tier: 'auto' },
        contextOf(),
      );
      return tf8.map(({ probability }) => probability);
    };
    await writeFile(at('opaque.png'), await picture(1));
    assert.notDeepEqual(await of(at('images/1.png')), await of(at('opaque.png')));
  });

  it('is exported', async () => {
    for (const format of ['tflite', 'onnx', 'c']) {
      const out = at(`m.${format}`);
      const { layers } = await exportModel(
        { model: at('m.tf8'), format, out, seed: 0 },
        contextOf(),
      );
      assert.equal(layers, 4);
    }
  });

  it('is not trained in integers, which varies images of three channels', async () => {
    await assert.rejects(
      trainQuantizationAware(
        { model: at('float'), data: at('images'), out: at('trained'), seed: 0, resume: false },
        contextOf(),
      ),
      {
        message:
          /^Expected a network of grey or RGB images to train with but .* takes \[32,32,4\]$/,
      },
    );
  });
});
