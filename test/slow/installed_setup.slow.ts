import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { optionalPackages } from '../../foundation/optional_package.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { examineTiers } from '../../quantize/kernels/select.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import {
  INSTALL_TIMEOUT_MS,
  type Installed,
  installed,
  plainEnvironment,
  runScript,
} from '../package/installed.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { skip } from '../support/skip.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];

describe('tf8 setup in a project that tf8 is installed in', function () {
  this.timeout(INSTALL_TIMEOUT_MS);
  let installation: Installed;
  let setup: { project: string; nativeKernels: boolean; tfjsNode: string };

  const tf8 = async (...args: readonly string[]) => {
    const { project } = installation;
    const command = join(project, 'node_modules/.bin/tf8');
    return runCommand(command, args, { cwd: project, env: plainEnvironment() });
  };

  before(async function () {
    installation = await installed(this);
    const { exitCode, output } = await tf8('setup', '--json');
    assert.equal(exitCode, 0, output);
    setup = JSON.parse(output.trim().split('\n').at(-1) as string);
  });

  it("adds the optional packages to the project's own, in the versions that are tested", async () => {
    const { dependencies } = JSON.parse(
      await readFile(join(installation.project, 'package.json'), 'utf8'),
    );
    const { tf8: _, ...others } = dependencies;
    assert.deepEqual(others, optionalPackages());
  });

  it('does nothing more the second time', async () => {
    const { exitCode, output } = await tf8('setup', '--json');
    assert.equal(exitCode, 0, output);
    assert.deepEqual(JSON.parse(output.trim().split('\n').at(-1) as string), {
      ...setup,
      installed: [],
    });
  });

  it('gives the native kernels, with the bytes of the reference, where there is a compiler', async function () {
    if (!examineTiers().some(({ tier, state }) => tier === 'native' && state === 'passed')) {
      skip(this, 'no native kernels on this machine');
    }
    assert.ok(setup.nativeKernels);
    const image = randomBytes(
      MODEL.input.shape.reduce((a, b) => a * b, 1),
      1,
    );
    await writeFile(join(installation.project, 'model.tf8'), await encodeTf8(MODEL));
    await writeFile(join(installation.project, 'image'), image);
    const stdout = await runScript(
      installation.project,
      `import { readFileSync } from 'node:fs';
      import { loadTf8 } from 'tf8';
      const plan = await loadTf8('model.tf8', { tier: 'native' });
      console.log(JSON.stringify([...plan.predict(new Uint8Array(readFileSync('image')))]));`,
    );
    using plan = planOn(MODEL, { tier: 'reference' });
    assert.deepEqual(JSON.parse(stdout), [...plan.predict(image)]);
  });

  it('gives tfjs-node, and what the command needs for a float network', async function () {
    if (setup.tfjsNode === 'none') skip(this, 'tfjs-node could not be had on this machine');
    const stdout = await runScript(
      installation.project,
      `import { buildMobileNetV1, STANDARD } from 'tf8/architectures';
      import { selectBackend } from 'tf8/training';
      const { name } = await selectBackend();
      const model = buildMobileNetV1({ variant: STANDARD, widthMultiplier: 0.25, resolution: 32, classes: 10 });
      console.log(JSON.stringify([name, model.outputs[0].shape]));`,
    );
    assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) as string), [
      'tensorflow',
      [null, 10],
    ]);
    const { exitCode, output } = await tf8('doctor');
    assert.equal(exitCode, 0, output);
    assert.match(output, /tfjs-node +works/);
  });
});
