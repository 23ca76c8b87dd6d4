import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { skip } from '../support/skip.ts';

/** A bench as one for hardware: it reads the input in hexadecimal, runs, and compares each layer as it comes. */
const BENCH = `#include <stdio.h>
#include <stdlib.h>
#include "net.h"

static uint8_t arena[NET_ARENA_BYTES + 1], input[NET_INPUT_BYTES], output[NET_OUTPUT_BYTES];
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
  static uint8_t expected[NET_ARENA_BYTES + NET_OUTPUT_BYTES];
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
  if (argc != 2 + NET_LAYERS) return 2;
  read_hex(argv[1], input, sizeof input);
  files = argv + 2;
  net_run_observed(arena, input, output, observe, NULL);
  printf("compared %ld\\n", compared);
  return 0;
}
`;

/** $CC or cc; skips the test where there is none. */
export async function compilerOf(test: Mocha.Context): Promise<string> {
  const compiler = process.env.CC ?? 'cc';
  if ((await runCommand(compiler, ['--version'])).exitCode !== 0) {
    skip(test, 'there is no C compiler');
  }
  return compiler;
}

/**
 * What a bench of C finds in golden vectors: it runs the model's library on the first image.
 * @param golden their folder
 * @param folder for library and bench
 */
export async function benchOutput(
  compiler: string,
  model: Tf8Model,
  golden: string,
  folder: string,
): Promise<string> {
  const at = (name: string) => join(folder, name);
  const source = { model, tf8: await encodeTf8(model), fileName: 'net' };
  for (const { name, bytes } of exportFormat('c').encode(source)) await writeFile(at(name), bytes);
  await writeFile(at('bench.c'), BENCH);
  const sources = [at('bench.c'), at('net.c')];
  const built = await runCommand(compiler, ['-std=c99', '-O1', ...sources, '-o', at('bench')]);
  assert.equal(built.exitCode, 0, built.output);
  const manifest = JSON.parse(await readFile(join(golden, 'manifest.json'), 'utf8'));
  const files = manifest.tensors.map(({ file }: { readonly file: string }) =>
    join(golden, manifest.images[0].folder, `${file}.hex`),
  );
  return (await runCommand(at('bench'), files)).output.trim();
}
