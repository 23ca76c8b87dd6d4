import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { NOT_FOUND, runCommand } from '../../foundation/processes/run_command.ts';
import { isTf8 } from '../../quantize/model/tf8_magic.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { runExample } from '../examples/run_example.ts';
import { contextOf, picture, saveTinyModel, writeTinyImageNet } from '../scripts/support.ts';
import { skip } from '../support/skip.ts';

const PERCENT = String.raw`\d+\.\d %`;

describe('the programs of examples/', function () {
  this.timeout(300_000);
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-examples-'));
    await saveTinyModel(at('model'), 1001);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
    await quantize(
      { model: at('model'), calibrationData: at('images'), seed: 0, out: at('model.tf8') },
      contextOf(),
    );
    await writeFile(at('photograph.png'), await picture(1));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('run_photograph prints the five likeliest classes and the kernels', async () => {
    const printed = await runExample('run_photograph.ts', at('model.tf8'), at('photograph.png'));
    assert.match(
      printed,
      RegExp(String.raw`^( *${PERCENT}  \S.*\n){5}by the \w+ kernels on 2 threads\n$`),
    );
  });

  it('quantize_evaluate writes a TF8 file and measures it beside the float model', async () => {
    const out = at('quantized.tf8');
    const printed = await runExample('quantize_evaluate.ts', at('model'), at('images'), out);
    assert.match(printed, /: 29 layers, \d+ bytes, from 12 images\n/);
    const measured = `top-1 ${PERCENT}, top-5 ${PERCENT}`;
    assert.match(printed, RegExp(`\nfloat: ${measured}\ntf8: ${measured}\n$`));
    assert.ok(isTf8(await readFile(out)));
  });

  it('retrain trains on a folder of images and measures the network', async () => {
    for (const split of ['train', 'test']) {
      for (const [index, name] of ['cat', 'dog'].entries()) {
        await mkdir(at(`pets/${split}/${name}`), { recursive: true });
        for (const n of [0, 1]) {
          const pixels = sharp(await picture(4 * index + n)).resize(32, 32);
          await pixels.toFile(at(`pets/${split}/${name}/${n}.png`));
        }
      }
    }
    const out = at('mine');
    const printed = await runExample('retrain.ts', at('pets'), at('model'), out);
    assert.match(
      printed,
      RegExp(
        `^4 images of 2 classes to learn from\n2 steps; the network is in .*\ntop-1: ${PERCENT} in float, ${PERCENT} in TF8\n$`,
      ),
    );
    const { model, card } = await loadModelFolder(out);
    model.dispose();
    assert.equal(card?.architecture?.network, 'mobilenet_v1');
  });

  it('analyze prints every layer and the diagnosis', async () => {
    const printed = await runExample('analyze.ts', at('model'), at('images'), at('runs'));
    assert.match(printed, /^TF8 .+\n( *[-−]?\d+\.\d dB {2}\S+\n){29}\n/);
    assert.match(printed, /\n(The network quantizes well\.|\S+ \(\w+\): .+\n→ .+)\n/);
    const [, run] = /\nThe record is (.+)\n$/.exec(printed) ?? [];
    const { model } = JSON.parse(await readFile(join(String(run), 'run.json'), 'utf8'));
    assert.ok(model !== undefined);
  });

  it('export_verify finds the same bytes in another program', async function () {
    const compiler = process.env.CC ?? 'cc';
    const { exitCode } = await runCommand(compiler, ['--version']);
    if (exitCode === NOT_FOUND) skip(this, `there is no C compiler ${compiler}`);
    const printed = await runExample('export_verify.ts', at('model.tf8'), at('images'), 'c');
    assert.match(printed, /model\.h: \d+ bytes\n/);
    assert.match(
      printed,
      /\nC99 of .+: 10 images, 30 layers\nevery byte is the same\ntop-1 agrees on 100\.0 % of the images\n$/,
    );
  });
});
