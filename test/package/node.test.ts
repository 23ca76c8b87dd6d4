import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import sharp from 'sharp';
import ts from 'typescript';
import { preprocess } from '../../datasets/images/preprocess.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { buildModel, randomModels, type Step } from '../quantize/model/random_models.ts';
import { folderIn, type Installed, installed, ROOT, runScript } from './installed.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);

describe('the installed package in Node', function () {
  this.timeout(300_000);
  let installation: Installed;
  let folder: string;
  const image = randomBytes(PIXELS, 1);
  let logits: Float32Array;

  before(async function () {
    installation = await installed(this);
    folder = await folderIn(installation);
    await writeFile(join(folder, 'model.tf8'), await encodeTf8(MODEL));
    await writeFile(join(folder, 'image'), image);
    using plan = planOn(MODEL, { tier: 'reference' });
    logits = plan.predict(image);
  });

  it('holds what it runs: no tests, results, figures or TypeScript sources', () => {
    const { files } = installation.tarball;
    const folders = new Set(files.map((file) => file.split('/', 1)[0]));
    for (const folder of ['test', 'bench', 'docs', 'examples']) assert.ok(!folders.has(folder));
    const sources = files.filter((file) => /(?<!\.d)\.ts$|\.map$|kernels\.node$/.test(file));
    assert.deepEqual(sources, []);
    for (const file of [
      'LICENSE',
      'README.md',
      'dist/quantize/node.js',
      'dist/quantize/node.d.ts',
    ]) {
      assert.ok(files.includes(file), file);
    }
  });

  it('comes without TensorFlow, sharp and vega', async () => {
    const lock = await readFile(join(installation.project, 'package-lock.json'), 'utf8');
    const names = Object.keys(JSON.parse(lock).packages);
    assert.ok(names.includes('node_modules/tf8'));
    assert.deepEqual(
      names.filter((name) => /tensorflow|sharp|vega|esbuild|typescript/.test(name)),
      [],
    );
  });

  it('runs a TF8 file where there is no TensorFlow and no compiler has been', async () => {
    const tiers = ['wasm', 'reference'];
    const stdout = await runScript(
      folder,
      `import { readFileSync } from 'node:fs';
      import { loadTf8 } from 'tf8';
      for (const tier of ${JSON.stringify(['auto', ...tiers])}) {
        const plan = await loadTf8('model.tf8', { tier, threads: 2 });
        const logits = plan.predict(new Uint8Array(readFileSync('image')));
        console.log(JSON.stringify([plan.kernels.tier, [...logits]]));
        plan.close();
      }
      await import('@tensorflow/tfjs').catch(({ code }) => console.log(JSON.stringify(code)));`,
    );
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const expected = [tiers[0], ...tiers].map((tier) => [tier, [...logits]]);
    assert.deepEqual(lines, [...expected, 'ERR_MODULE_NOT_FOUND']);
  });

  it('has an entry for browsers that runs fetched files and says what it could not use', async () => {
    const stdout = await runScript(
      folder,
      `import { readFileSync } from 'node:fs';
      import { loadTf8 } from 'tf8/browser';
      const address = (file) => 'data:;base64,' + readFileSync(file).toString('base64');
      const image = new Uint8Array(readFileSync('image'));
      const kernels = new Uint8Array(readFileSync(new URL(import.meta.resolve('tf8/kernels.wasm'))));
      for (const [source, options] of [
        [address('model.tf8'), { wasm: address(new URL(import.meta.resolve('tf8/kernels.wasm'))) }],
        [new Uint8Array(readFileSync('model.tf8')).buffer, { wasm: kernels.buffer }],
        [address('model.tf8'), { wasm: kernels, tier: 'reference' }],
        [address('model.tf8'), undefined],
        [address('model.tf8'), { wasm: new Uint8Array(9) }],
      ]) {
        const plan = await loadTf8(source, options);
        console.log(JSON.stringify([plan.kernels.tier, plan.notes.length, [...plan.predict(image)]]));
      }
      const refused = { wasm: new Uint8Array(9), tier: 'wasm' };
      await loadTf8(address('model.tf8'), refused).catch(({ name }) => console.log(JSON.stringify(name)));
      const { nodeThreads } = await import('../node_modules/tf8/dist/quantize/kernels/wasm/node_threads.js');
      const threading = nodeThreads(readFileSync(new URL(import.meta.resolve('tf8/kernels_threads.wasm'))));
      const wasm = address(new URL(import.meta.resolve('tf8/kernels.wasm')));
      const plan = await loadTf8(address('model.tf8'), { wasm, threading, threads: 2 });
      console.log(JSON.stringify([plan.threads, [...plan.predict(image)]]));
      plan.close();
      await loadTf8('data:,nothing').catch(({ name }) => console.log(JSON.stringify(name)));
      await loadTf8('nowhere').catch(({ name }) => console.log(JSON.stringify(name)));`,
    );
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines, [
      ['wasm', 0, [...logits]],
      ['wasm', 0, [...logits]],
      ['reference', 0, [...logits]],
      ['reference', 1, [...logits]],
      ['reference', 1, [...logits]],
      'QuantizationError',
      [2, [...logits]],
      'QuantizationError',
      'QuantizationError',
    ]);
  });

  it('reaches no module of Node from its entry for browsers', async () => {
    const seen = new Set<string>();
    const others = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'));
      for (const { fileName } of importedFiles) {
        if (fileName.startsWith('.')) await visit(join(dirname(file), fileName));
        else others.add(fileName);
      }
    };
    await visit(join(installation.project, 'node_modules/tf8/dist/quantize/browser.js'));
    assert.ok(seen.size > 20, `${seen.size} files`);
    assert.deepEqual([...others], ['zod']);
  });

  it('bundles to less than 200 kB for browsers', async () => {
    await writeFile(join(folder, 'entry.js'), "export * from 'tf8/browser';");
    const { outputFiles } = await build({
      entryPoints: [join(folder, 'entry.js')],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    });
    assert.ok(outputFiles[0].contents.length < 200_000, `${outputFiles[0].contents.length} bytes`);
  });

  // That it is well typed: test/docs/readme.test.ts.
  describe('the example of its README', () => {
    let example: string;
    before(async () => {
      const text = await readFile(join(ROOT, 'quantize/README.md'), 'utf8');
      example = /```ts\n(.*?)```/s.exec(text)![1];
    });

    it('runs as it stands, as JavaScript', async () => {
      const model = photographModel();
      await writeFile(join(folder, 'mobilenet.tf8'), await encodeTf8(model));
      const data = Buffer.from(randomBytes(40 * 30 * 3, 5));
      const raw = { width: 40, height: 30, channels: 3 } as const;
      await writeFile(join(folder, 'wolf.jpg'), await sharp(data, { raw }).png().toBuffer());
      await mkdir(join(folder, 'node_modules'));
      await symlink(join(ROOT, 'node_modules/sharp'), join(folder, 'node_modules/sharp'));
      const lines = (await runScript(folder, example)).trim().split('\n');
      using plan = planOn(model);
      const image = preprocess({ data, ...raw }, { resolution: 8, centralFraction: 0.875 });
      const expected = plan
        .classify(image)[0]
        .map(({ name, probability }) => `${probability.toFixed(4)} ${name}`);
      assert.deepEqual(lines.slice(0, -1), expected);
      assert.equal(lines.at(-1), '64 bytes of [1, 112, 112, 64]');
    });
  });
});

/** A small network of photographs with a layer of the example's name. */
function photographModel(): Tf8Model {
  const step: Step = {
    op: 'conv2d',
    filters: 1,
    window: [1, 1],
    strides: [1, 1],
    padding: 'valid',
    activation: 'relu6',
    zeroPoint: 3,
    weightZeroPoint: 100,
    seed: 1,
  };
  const names = { name: 'small', classNames: ['wolf', 'dog', 'fox'], labelOffset: 0 };
  const last: Step = { ...step, op: 'fullyConnected', filters: 3, activation: 'linear' };
  const { nodes, ...model } = buildModel([8, 8, 3], 128, [step, last], names);
  const [first, second] = nodes;
  const layer = 'Conv2d_1_pointwise';
  return {
    ...model,
    preprocessing: { centralFraction: 0.875, range: { min: -1, max: 1 } },
    nodes: [
      { ...first, name: layer },
      { ...second, inputs: [layer] },
    ],
  };
}
