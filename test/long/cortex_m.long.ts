import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import {
  randomModels,
  withChannelScales,
  withPowersOfTwo,
} from '../quantize/model/random_models.ts';
import { inFolder } from '../support/in_folder.ts';

const [RANDOM] = fc.sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: 1 });
const MODEL = { ...RANDOM, name: 'random' };

/** The weights of int8 files: a scale a channel, symmetric. */
const CHANNELS = withChannelScales(MODEL);

describe('a C library on an emulated Cortex-M4', function () {
  this.timeout(30 * 60_000);

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
      inFolder(async (folder) => {
        const at = (name: string) => join(folder, name);
        const source = { model, tf8: await encodeTf8(model), fileName: 'net' };
        for (const { name, bytes } of exportFormat('c').encode(source)) {
          await writeFile(at(name), bytes);
        }
        const [height, width, channels] = model.input.shape;
        const image = randomBytes(height * width * channels, 3);
        const outputs = model.nodes.map(({ name }) => name);
        const run = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs }).run(image);
        await writeFile(at('image'), image);
        await writeFile(at('expected'), Buffer.concat(outputs.map((name) => run.get(name)!)));
        const script = join(repositoryRoot(), 'scripts', 'emulate_cortex_m.mjs');
        const tools = join(cacheDir(), 'cortex-m');
        await mkdir(tools, { recursive: true });
        const files = [at('net'), at('image'), at('expected')];
        const { exitCode, output } = await runCommand(process.execPath, [
          script,
          ...files,
          '--folder',
          tools,
        ]);
        assert.equal(exitCode, 0, output);
      }));
  }
});
