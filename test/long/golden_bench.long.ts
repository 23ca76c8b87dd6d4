import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { writeGolden } from '../../workflows/golden/golden_folder.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { inFolder } from '../support/in_folder.ts';
import { skip } from '../support/skip.ts';

/** A bench as one for hardware: it reads the input in hexadecimal, runs, and compares each layer as it comes. */
const BENCH = `#include <stdio.h>
#include <stdlib.h>
#include "net.h"

static uint8_t arena[1 << 20], input[1 << 16], output[1 << 16];
static char **files;
static long compared;

static void read_hex(const char *path, uint8_t *bytes, size_t length) {
  FILE *file = fopen(path, "r");
  for (size_t i = 0; i < length; i++) {
    unsigned byte;
    if (file == NULL || fscanf(file, "%2x", &byte) != 1) exit(2);
    bytes[i] = (uint8_t)byte;
  }
  fclose(file);
}

static void observe(void *context, int32_t layer, const uint8_t *bytes, size_t length) {
  static uint8_t expected[1 << 16];
  (void)context;
  read_hex(files[layer], expected, length);
  for (size_t i = 0; i < length; i++, compared++) {
    if (bytes[i] != expected[i]) {
      printf("layer %d at %d: %d, expected %d\\n", (int)layer, (int)i, bytes[i], expected[i]);
      exit(1);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  read_hex(argv[2], input, (size_t)atol(argv[1]));
  files = argv + 3;
  net_run_observed(arena, input, output, observe, NULL);
  printf("compared %ld\\n", compared);
  return 0;
}
`;

describe('golden vectors in hexadecimal', function () {
  this.timeout(10 * 60_000);

  it('are what a bench of C reads and finds in every layer of the library', async function () {
    const compiler = process.env.CC ?? 'cc';
    if ((await runCommand(compiler, ['--version'])).exitCode !== 0) {
      skip(this, 'there is no C compiler');
    }
    const [random] = fc.sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: 1 });
    const model = { ...random, name: 'random' };
    await inFolder(async (folder) => {
      const at = (name: string) => join(folder, name);
      const source = { model, tf8: await encodeTf8(model), fileName: 'net' };
      for (const { name, bytes } of exportFormat('c').encode(source)) {
        await writeFile(at(name), bytes);
      }
      const [height, width, channels] = model.input.shape;
      const image = randomBytes(height * width * channels, 3);
      const outputs = model.nodes.map(({ name }) => name);
      const run = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs }).run(image);
      const tensors = new Map([[model.input.name, image], ...run]);
      const golden = await writeGolden(at('golden'), model, async (add) => {
        await add('random', tensors);
        return [...tensors.keys()];
      });
      const files = golden.map((name, index) => {
        const stem = `${String(index).padStart(3, '0')}_${name}`;
        return at(join('golden', 'image_0000', `${stem}.hex`));
      });
      await writeFile(at('bench.c'), BENCH);
      const sources = [at('bench.c'), at('net.c')];
      const compiled = await runCommand(compiler, [
        '-std=c99',
        '-O1',
        ...sources,
        '-o',
        at('bench'),
      ]);
      assert.equal(compiled.exitCode, 0, compiled.output);
      const bench = await runCommand(at('bench'), [String(image.length), ...files]);
      const all = [...run.values()].reduce((sum, bytes) => sum + bytes.length, 0);
      assert.equal(bench.output.trim(), `compared ${all}`);
    });
  });
});
