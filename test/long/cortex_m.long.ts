import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { openDataset } from '../../datasets/open_dataset.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { OPTION_1, PER_CHANNEL } from '../../quantize/convert/recipe.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { elements } from '../../quantize/params/shape.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { eachQuantizedImage } from '../../workflows/open/quantized_images.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import {
  randomModels,
  withChannelScales,
  withPowersOfTwo,
} from '../quantize/model/random_models.ts';
import { contextOf } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { narrowNetwork } from '../support/narrow_network.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { publishedModel } from '../support/published_model.ts';
import { sharedFolder } from '../support/skip.ts';

const [RANDOM] = fc.sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: 1 });
const MODEL = { ...RANDOM, name: 'random' };

/** The weights of int8 files: a scale a channel, symmetric. */
const CHANNELS = withChannelScales(MODEL);

/** An emulated run of the published network takes a minute. */
const PHOTOGRAPHS = 10;

describe('a C library on an emulated Cortex-M4', function () {
  this.timeout(60 * 60_000);
  const context = { ...contextOf(), cacheDir: cacheDir() };

  before(function () {
    const hasDebian = process.platform === 'linux' && process.getuid !== undefined;
    if (!hasDebian) this.skip();
  });

  const models: Readonly<Record<string, Tf8Model>> = {
    'one scale a channel': CHANNELS,
    'double-rounding': withRounding(CHANNELS, 'double-rounding'),
    'shift-round': withRounding(MODEL, 'shift-round'),
    'power-of-two': withRounding(withPowersOfTwo(MODEL), 'power-of-two'),
  };
  for (const [title, model] of Object.entries(models)) {
    it(`${title}: the bytes of every layer are the executor's`, () =>
      givesOurBytes(model, [randomBytes(elements(model.input.shape), 3)]));
  }

  const networks = [
    ['mobilenet_v2', 0.35, undefined],
    ['mobilenet_v2', 0.35, 'double-rounding'],
    ['efficientnet_lite0', 0.25, 'shift-round'],
    ['efficientnet_lite0', 0.25, 'power-of-two'],
  ] as const;
  for (const [network, width, rounding] of networks) {
    it(`${network} ${width}, one scale a channel, ${rounding ?? 'the default rounding'}: the bytes of every layer are the executor's`, async function () {
      await needsTensorFlow.call(this);
      const model = await narrowNetwork(network, width, PER_CHANNEL, rounding);
      await givesOurBytes(model, [randomBytes(elements(model.input.shape), 3)]);
    });
  }

  it(`the published MobileNet: the bytes of every layer are the executor's on ${PHOTOGRAPHS} photographs`, async function () {
    const opened = await openFloatModel(await publishedModel(this), context);
    const dir = sharedFolder(this, 'imagenet-samples/images');
    const dataset = await openDataset('imagenet', { ...context, dir });
    const source = { dataset, images: 50, seed: 0, skip: 0 };
    const { model } = await quantizeModel(opened, OPTION_1, source, context);
    opened.dispose();
    const images: Uint8Array[] = [];
    const choice = { limit: PHOTOGRAPHS, seed: 0, label: 'images', purpose: 'emulate with' };
    await eachQuantizedImage(model, dataset, choice, context, async (_, image) => {
      images.push(image.slice());
    });
    await givesOurBytes(model, images);
  });

  async function givesOurBytes(model: Tf8Model, images: readonly Uint8Array[]): Promise<void> {
    await inFolder(async (folder) => {
      const at = (name: string) => join(folder, name);
      const source = { model, tf8: await encodeTf8(model), fileName: 'net' };
      for (const { name, bytes } of exportFormat('c').encode(source)) {
        await writeFile(at(name), bytes);
      }
      const outputs = model.nodes.map(({ name }) => name);
      using plan = planOn(model, { outputs });
      const files: string[] = [];
      for (const [index, image] of images.entries()) {
        const run = plan.run(image);
        const [given, expected] = [at(`image_${index}`), at(`expected_${index}`)];
        await writeFile(given, image);
        await writeFile(expected, Buffer.concat(outputs.map((name) => run.get(name)!)));
        files.push(given, expected);
      }
      const script = join(repositoryRoot(), 'scripts', 'emulate_cortex_m.mjs');
      const tools = join(cacheDir(), 'cortex-m');
      await mkdir(tools, { recursive: true });
      const args = [script, at('net'), ...files, '--folder', tools];
      const { exitCode, output } = await runCommand(process.execPath, args);
      assert.equal(exitCode, 0, output);
    });
  }
});
