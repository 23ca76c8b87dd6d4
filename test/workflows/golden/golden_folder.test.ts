import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../foundation/processes/run_command.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { elements } from '../../../quantize/params/shape.ts';
import { writeGolden } from '../../../workflows/golden/golden_folder.ts';
import { readNpy } from '../../quantize/export/npz/read_npy.ts';
import { MODEL } from '../../quantize/export/support.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';

/** A bench as hardware has it: prints the bytes of a file of hexadecimal lines, one after another. */
const BENCH = `#include <stdio.h>
int main(int argc, char **argv) {
  unsigned byte;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (file == NULL) return 1;
  while (fscanf(file, "%2x", &byte) == 1) printf("%u ", byte);
  return fclose(file);
}
`;

describe('golden vectors', function () {
  this.timeout(60_000);

  it('hold what the executor computes, for NumPy and for a bench of hardware', async function () {
    const compiler = process.env.CC ?? 'cc';
    if ((await runCommand(compiler, ['--version'])).exitCode !== 0) {
      skip(this, 'there is no C compiler');
    }
    await inFolder(async (folder) => {
      const image = randomBytes(elements(MODEL.input.shape), 5);
      const outputs = MODEL.nodes.map(({ name }) => name);
      using plan = new Tf8Plan(MODEL, { kernels: REFERENCE_KERNELS, outputs });
      const tensors = new Map([[MODEL.input.name, image], ...plan.run(image)]);
      const golden = join(folder, 'golden');
      await writeGolden(golden, MODEL, (add) => add('a.png', tensors));
      const manifest = JSON.parse(await readFile(join(golden, 'manifest.json'), 'utf8'));
      assert.deepEqual(manifest.images, [{ image: 'a.png', folder: 'image_0000' }]);
      const bench = join(folder, 'bench');
      await writeFile(`${bench}.c`, BENCH);
      await runCommand(compiler, ['-o', bench, `${bench}.c`]);
      assert.equal(manifest.tensors.length, tensors.size);
      for (const { name, file, shape } of manifest.tensors) {
        const stem = join(golden, 'image_0000', file);
        const array = readNpy(await readFile(`${stem}.npy`));
        assert.deepEqual(array.shape, shape);
        assert.deepEqual([...array.data], [...tensors.get(name)!]);
        const { output } = await runCommand(bench, [`${stem}.hex`]);
        assert.deepEqual(output.trim().split(' ').map(Number), [...tensors.get(name)!]);
      }
      for (const { multipliers } of manifest.layers) {
        for (const { value, mantissa, shift } of multipliers) {
          assert.equal(value, mantissa / 2 ** shift);
        }
      }
    });
  });
});
