import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { preprocess } from '../../datasets/images/preprocess.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { buildModel } from '../quantize/model/random_models.ts';
import { startChromium } from '../support/chromium.ts';
import { ROOT } from './run_example.ts';

const RAW = { width: 40, height: 30, channels: 3 } as const;
const PIXELS = randomBytes(RAW.width * RAW.height * RAW.channels, 5);
const MODEL = {
  ...buildModel(
    [8, 8, 3],
    128,
    [
      {
        op: 'fullyConnected',
        filters: 3,
        window: [1, 1],
        strides: [1, 1],
        padding: 'valid',
        activation: 'linear',
        zeroPoint: 3,
        weightZeroPoint: 100,
        seed: 1,
      },
    ],
    { name: 'small', classNames: ['wolf', 'dog', 'fox'], labelOffset: 0 },
  ),
  preprocessing: { centralFraction: 0.875, range: { min: -1, max: 1 } },
};

describe('the page of examples/, in Chromium', () => {
  let browser: Browser;
  let folder: string;

  before(async function () {
    browser = await startChromium(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-example-'));
    const page = join(ROOT, 'examples/browser');
    await copyFile(join(page, 'index.html'), join(folder, 'index.html'));
    await build({
      entryPoints: [join(page, 'page.ts')],
      outdir: folder,
      bundle: true,
      loader: { '.wasm': 'binary' },
      target: 'es2022',
    });
  });

  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('shows the classes of a photograph that a chosen TF8 file gives', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    const file = (name: string, buffer: Uint8Array) => ({
      name,
      mimeType: '',
      buffer: Buffer.from(buffer),
    });
    const png = await sharp(PIXELS, { raw: RAW }).png().toBuffer();
    await page.getByLabel('TF8 file').setInputFiles(file('small.tf8', await encodeTf8(MODEL)));
    await page.getByLabel('Photograph').setInputFiles(file('photograph.png', png));
    await page.waitForSelector('#classes li');
    using plan = planOn(MODEL, { tier: 'reference' });
    const image = preprocess(
      { data: PIXELS, ...RAW },
      { resolution: 8, centralFraction: MODEL.preprocessing.centralFraction },
    );
    const expected = plan
      .classify(image)
      .flat()
      .map(({ name, probability }) => `${name}: ${(100 * probability).toFixed(1)} %`);
    assert.deepEqual(await page.locator('#classes li').allTextContents(), expected);
  });

  it('says what is wrong with a file that is none of TF8', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    const wrong = { name: 'wrong.tf8', mimeType: '', buffer: Buffer.from('wrong') };
    await page.getByLabel('TF8 file').setInputFiles(wrong);
    await page.getByLabel('Photograph').setInputFiles(wrong);
    await page.waitForSelector('#classes:not(:empty)');
    assert.match(
      (await page.locator('#classes').textContent()) ?? '',
      /^the model is not a sound TF8 file: /,
    );
  });
});
