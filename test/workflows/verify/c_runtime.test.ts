import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { runCommand } from '../../../foundation/processes/run_command.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { C } from '../../../quantize/export/c/c.ts';
import type { CArithmetic } from '../../../quantize/export/c/kernels.ts';
import type { COptions } from '../../../quantize/export/export_format.ts';
import { exportedOutputs } from '../../../quantize/export/tensor_names.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { outputNode, type Tf8Model, withRounding } from '../../../quantize/model/tf8_model.ts';
import { roundHalfEven } from '../../../quantize/params/rounding.ts';
import { elements } from '../../../quantize/params/shape.ts';
import {
  C_FLAGS,
  type CRuntimeOptions,
  startCRuntime,
} from '../../../workflows/verify/c_runtime.ts';
import { openRuntime } from '../../../workflows/verify/open_runtime.ts';
import { modelOf } from '../../quantize/export/support.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import {
  randomModels,
  randomModelsOfOutputs,
  randomRoundings,
  withChannelScales,
} from '../../quantize/model/random_models.ts';
import { contextOf } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';

const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const COMPILER = process.env.CC ?? 'cc';
const IMAGES = 4;

const models = [
  ...fc.sample(randomModels({ withEveryOp: true }), { seed: 11, numRuns: 3 }),
  ...fc.sample(randomRoundings({ withEveryOp: true }), { seed: 5, numRuns: 5 }),
];
/** The weights of int8 files, and the rounding of TensorFlow Lite Micro. */
const CHIP = withRounding(withChannelScales(models[1]), 'double-rounding');
const { signal } = new AbortController();

/** Writes the export of a model and gives the library's path. */
async function written(model: Tf8Model, folder: string, c: COptions = {}): Promise<string> {
  const source = { model, tf8: await encodeTf8(model), fileName: 'net', c };
  for (const { name, bytes } of C.encode(source)) await writeFile(join(folder, name), bytes);
  return join(folder, 'net.c');
}

async function agrees(
  model: Tf8Model,
  options: CRuntimeOptions,
  arithmetic: CArithmetic = 'float',
): Promise<void> {
  await inFolder(async (folder) => {
    const library = await written(model, folder, { arithmetic });
    const runtime = await startCRuntime(library, model, signal, options);
    const outputs = model.nodes.map(({ name }) => name);
    const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
    try {
      for (let seed = 0; seed < IMAGES; seed++) {
        const image = randomBytes(elements(model.input.shape), seed);
        const theirs = await runtime.run(image);
        const ours = plan.run(image);
        for (const [name, layer] of ours) {
          assert.deepEqual([...theirs.get(name)!], [...layer], `${model.name}: ${name}`);
        }
        for (const { node, name } of exportedOutputs(model)) {
          assert.deepEqual([...theirs.get(name)!], [...ours.get(node)!], `${model.name}: ${name}`);
        }
      }
    } finally {
      await runtime.close();
    }
  });
}

/** Runs both networks of a program, whose images it takes one after the other, and prints their outputs. */
const TWO_NETWORKS = `#include <stdio.h>
#include "first.h"
#include "second.h"
static uint8_t first_arena[FIRST_ARENA_BYTES + 1], second_arena[SECOND_ARENA_BYTES + 1];
static uint8_t first_image[FIRST_INPUT_BYTES], second_image[SECOND_INPUT_BYTES];
static uint8_t first_output[FIRST_OUTPUT_BYTES], second_output[SECOND_OUTPUT_BYTES];
int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return 1;
  if (fread(first_image, 1, sizeof first_image, file) != sizeof first_image) return 1;
  if (fread(second_image, 1, sizeof second_image, file) != sizeof second_image) return 1;
  fclose(file);
  first_run(first_arena, first_image, first_output);
  second_run(second_arena, second_image, second_output);
  for (size_t i = 0; i < sizeof first_output; i++) printf("%d ", first_output[i]);
  for (size_t i = 0; i < sizeof second_output; i++) printf("%d ", second_output[i]);
  return 0;
}
`;

/**
 * A layer whose accumulators are its biases, each so near a tie that single precision rounds it to
 * another byte than double precision would.
 */
function nearTies(): Tf8Model {
  const quantization = { scale: 1, zeroPoint: 128 };
  const scale = 300_007;
  const multiplier = Math.fround(1 / scale);
  const bias: number[] = [];
  for (let tie = -120.5; tie < 120; tie++) {
    for (let offset = -8; offset <= 8; offset++) {
      const accumulator = Math.round(tie / multiplier) + offset;
      const inSingle = Math.fround(Math.fround(accumulator) * multiplier);
      const inDouble = accumulator * multiplier;
      if (roundHalfEven(inSingle) !== roundHalfEven(inDouble)) bias.push(accumulator);
    }
  }
  assert.ok(bias.length > 20);
  const model = modelOf({
    weights: {
      data: new Uint8Array(16 * bias.length).fill(quantization.zeroPoint),
      shape: [4, 4, 1, bias.length],
      quantization,
    },
    bias: Int32Array.from(bias),
    output: { shape: [1, 1, bias.length], quantization: { scale, zeroPoint: 128 } },
  });
  return { ...model, input: { ...model.input, quantization } };
}

describe('the C program of an export', function () {
  this.timeout(300_000);

  before(async function () {
    const { exitCode } = await runCommand(COMPILER, ['--version']);
    if (exitCode !== 0) skip(this, 'there is no C compiler');
  });

  it('compiles without a warning and gives our bytes in every layer and printed', async () => {
    for (const model of models) await agrees(model, {});
  });

  it('lies beside another one, of other weights and another profile, in a program', () =>
    inFolder(async (folder) => {
      const two = [models[0], CHIP];
      const images = two.map(({ input }, seed) => randomBytes(elements(input.shape), seed));
      for (const [index, model] of two.entries()) {
        const source = { model, tf8: await encodeTf8(model), fileName: ['first', 'second'][index] };
        for (const { name, bytes } of C.encode(source)) await writeFile(join(folder, name), bytes);
      }
      const at = (name: string) => join(folder, name);
      await writeFile(at('both.c'), TWO_NETWORKS);
      await writeFile(at('images'), Buffer.concat(images));
      const sources = ['both.c', 'first.c', 'second.c'].map(at);
      const compiled = await runCommand(COMPILER, [...C_FLAGS, '-o', at('both'), ...sources]);
      assert.equal(compiled.exitCode, 0, compiled.output);
      const { output } = await runCommand(at('both'), [at('images')]);
      const ours = two.map((model, index) => {
        using plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS });
        return [...plan.run(images[index]).get(model.nodes.at(-1)!.name)!];
      });
      assert.deepEqual(output.trim().split(' ').map(Number), ours.flat());
    }));

  it('prints every output of a network with several', async () => {
    const several = fc.sample(randomModelsOfOutputs({ withEveryOp: true }), {
      seed: 5,
      numRuns: 3,
    });
    for (const model of several) await agrees(model, {});
  });

  it('gives the same bytes by integers alone', async () => {
    for (const model of models.slice(0, 2)) await agrees(model, {}, 'integer');
  });

  it('rounds products to single precision', async () => {
    await agrees(nearTies(), {});
    await agrees(nearTies(), {}, 'integer');
  });

  it('gives our bytes under the sanitizers of addresses and undefined behaviour', async function () {
    await inFolder(async (folder) => {
      const empty = join(folder, 'empty.c');
      await writeFile(empty, 'int main(void) { return 0; }\n');
      const linked = await runCommand(COMPILER, [
        ...SANITIZERS,
        '-o',
        join(folder, 'empty'),
        empty,
      ]);
      if (linked.exitCode !== 0) skip(this, 'the C compiler has no sanitizers');
    });
    await agrees(models[0], { flags: SANITIZERS });
    await agrees(models[1], { flags: SANITIZERS }, 'integer');
  });

  it('gives the same bytes where products may be contracted or have excess precision', async function () {
    if (process.arch !== 'x64') skip(this, 'the flags are those of x86-64');
    const contracted = ['-O3', '-mfma', '-ffp-contract=fast'];
    for (const flags of [contracted, ['-mfpmath=387']]) {
      for (const model of [models[0], nearTies()]) await agrees(model, { flags });
    }
  });

  it('is what a C header is verified in', () =>
    inFolder(async (folder) => {
      const model = models[0];
      const path = await written(model, folder);
      const exported = { path, bytes: await readFile(path), format: 'c', model };
      const runtime = await openRuntime(exported, undefined, contextOf());
      assert.match(runtime.name, /^C99 of ./);
      await runtime.close();
    }));

  it('prints byte, real value and label of each output', () =>
    inFolder(async (folder) => {
      const [model] = models as [Tf8Model];
      const { shape, quantization } = outputNode(model).output;
      const classNames = Array.from({ length: shape[2] }, (_, index) => `"é??/ ${index}`);
      const labelled = { ...model, labelOffset: 0, classNames };
      const library = await written(labelled, folder);
      const [program, image] = [join(folder, 'run'), join(folder, 'image')];
      await runCommand(COMPILER, [...C_FLAGS, '-o', program, join(folder, 'net_main.c'), library]);
      const pixels = randomBytes(elements(model.input.shape), 1);
      await writeFile(image, pixels);
      const { exitCode, output } = await runCommand(program, [image]);
      assert.equal(exitCode, 0);
      const plan = new Tf8Plan(labelled, { kernels: REFERENCE_KERNELS });
      const bytes = plan.run(pixels).get(outputNode(model).name)!;
      const rows = output
        .trimEnd()
        .split('\n')
        .map((line) => /^(\d+) (\S+) (.*)$/.exec(line)!);
      for (const [index, [, byte, real, label]] of rows.entries()) {
        assert.equal(Number(byte), bytes[index]);
        const value = Math.fround(quantization.scale * (bytes[index] - quantization.zeroPoint));
        assert.equal(Math.fround(Number(real)), value);
        assert.equal(label, classNames[index]);
      }
      assert.equal(rows.length, shape[2]);
    }));

  it('refuses an image that is missing, too short or too long, and says how it is called', () =>
    inFolder(async (folder) => {
      const [model] = models as [Tf8Model];
      const library = await written(model, folder);
      const [program, image] = [join(folder, 'run'), join(folder, 'image')];
      await runCommand(COMPILER, [...C_FLAGS, '-o', program, join(folder, 'net_main.c'), library]);
      const missing = { exitCode: 1, stdout: '', output: `${image}: cannot be opened\n` };
      assert.deepEqual(await runCommand(program, [image]), missing);
      const wrong = {
        exitCode: 1,
        stdout: '',
        output: `${image}: is not of the size of an image, ${model.input.shape.join(' x ')} bytes\n`,
      };
      for (const excess of [-1, 1]) {
        await writeFile(image, new Uint8Array(elements(model.input.shape) + excess));
        assert.deepEqual(await runCommand(program, [image]), wrong);
      }
      await writeFile(image, new Uint8Array(elements(model.input.shape)));
      const unwritable = { exitCode: 1, stdout: '', output: `${folder}: cannot be written\n` };
      assert.deepEqual(await runCommand(program, [image, folder]), unwritable);
      const called = await runCommand(program, []);
      assert.equal(called.exitCode, 2);
      assert.match(called.output, /\nusage: run IMAGE \[LAYERS\]\n/);
    }));
});

describe('startCRuntime', () => {
  const [model] = models as [Tf8Model];

  it('says what is missing where there is no compiler', async () => {
    const compiler = 'no-such-compiler';
    await assert.rejects(startCRuntime('net.c', model, signal, { compiler }), {
      name: 'UserError',
      message: 'Expected a C compiler but no-such-compiler: not found',
      remedy: 'Install gcc or clang, or name the compiler in CC.',
    });
  });

  it('tells what the compiler says where it fails', async function () {
    if ((await runCommand(COMPILER, ['--version'])).exitCode !== 0) {
      skip(this, 'there is no C compiler');
    }
    await inFolder(async (folder) => {
      const library = await written(model, folder);
      await rm(library);
      await assert.rejects(startCRuntime(library, model, signal), {
        name: 'UserError',
        message: /failed \(exit code \d+\): .*net\.c/,
      });
    });
  });
});
