import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { type CommandResult, runCommand } from '../../foundation/processes/run_command.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { folderIn, installed, plainEnvironment, ROOT } from './installed.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];

describe('the command of the installed package', function () {
  this.timeout(300_000);
  let folder: string;

  before(async function () {
    folder = await folderIn(await installed(this));
    await writeFile(join(folder, 'model.tf8'), await encodeTf8(MODEL));
  });

  /** What npm links for npx, in the folder of a project that has no optional package. */
  const tf8 = (...args: readonly string[]): Promise<CommandResult> =>
    runCommand(join(folder, '../node_modules/.bin/tf8'), args, {
      cwd: folder,
      // One's own may hold much, which is measured.
      env: { ...plainEnvironment(), TF8_CACHE: join(folder, 'cache') },
    });

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const { exitCode, output } = await tf8('--version');
    assert.deepEqual([exitCode, output], [0, `${version}\n`]);
  });

  it('explains every command', async () => {
    const { exitCode, output } = await tf8('--help');
    assert.equal(exitCode, 0);
    for (const name of ['reproduce', 'train', 'quantize', 'setup'])
      assert.match(output, RegExp(name));
  });

  it('describes a TF8 file without TensorFlow', async () => {
    const { exitCode, output } = await tf8('describe', 'model.tf8', '--json');
    assert.equal(exitCode, 0, output);
    const { format, layers } = JSON.parse(output);
    assert.equal(format, 'TF8 file');
    assert.deepEqual(
      layers.map(({ name }: { name: string }) => name),
      MODEL.nodes.map(({ name }) => name),
    );
  });

  it('exports a TF8 file without TensorFlow, as C too, whose template travels', async () => {
    for (const format of ['tflite', 'onnx', 'c']) {
      const out = `model.${format}`;
      const { exitCode, output } = await tf8(
        'export',
        'model.tf8',
        '--format',
        format,
        '--out',
        out,
      );
      assert.equal(exitCode, 0, output);
    }
  });

  it('says which package is missing and that "tf8 setup" brings it', async () => {
    await writeFile(join(folder, 'photograph.jpg'), '');
    for (const [missing, ...words] of [
      ['@tensorflow/tfjs', 'evaluate', 'mobilenet_v1_1.0_224', '--data', '.'],
      ['@tensorflow/tfjs', 'train', '--dataset', 'cifar10', '--out', 'trained'],
      ['sharp', 'classify', 'photograph.jpg', '--model', 'model.tf8'],
    ]) {
      const { exitCode, output } = await tf8(...words);
      assert.equal(exitCode, 1, words[0]);
      assert.equal(
        output.split('\n', 1)[0],
        `Error: Expected the package ${missing}, which this needs, but it is not installed.`,
      );
      assert.match(output, /\nRun "npx tf8 setup".* or "npm install --save-exact \S+@\d\S+"\.\n$/);
    }
  });

  it("examines the machine and points to its own set-up, not to a checkout's", async () => {
    const { exitCode, output } = await tf8('doctor');
    assert.equal(exitCode, 0, output);
    assert.match(output, /kernels: wasm +self-test passed; taken by --tier auto/);
    assert.match(output, /sharp does not load.*\n {2}→ Run "npx tf8 setup"\./);
    assert.doesNotMatch(output, /npm run/);
  });

  it('leaves projects of other package managers alone, and says what to run there', async () => {
    const lock = join(folder, '../pnpm-lock.yaml');
    await writeFile(lock, '');
    const { exitCode, output } = await tf8('setup').finally(() => rm(lock));
    assert.equal(exitCode, 1);
    assert.match(
      output,
      /^Error: Expected a project of npm's around tf8 but it has a pnpm-lock\.yaml\.\n/,
    );
    assert.match(
      output,
      /Run "pnpm add --save-exact --ignore-scripts @tensorflow\/tfjs@\S+ .*sharp@/,
    );
  });
});
