import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import { elements } from '../../quantize/params/shape.ts';
import { writeGolden } from '../../workflows/golden/golden_folder.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { inFolder } from '../support/in_folder.ts';
import { benchOutput, compilerOf } from './golden_bench.ts';

describe('golden vectors in hexadecimal', function () {
  this.timeout(10 * 60_000);

  it('are what a bench of C reads and finds in every layer of the library', async function () {
    const compiler = await compilerOf(this);
    const [random] = fc.sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: 1 });
    const model = { ...random, name: 'random' };
    await inFolder(async (folder) => {
      const golden = join(folder, 'golden');
      const image = randomBytes(elements(model.input.shape), 3);
      const outputs = model.nodes.map(({ name }) => name);
      const run = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs }).run(image);
      const tensors = new Map([[model.input.name, image], ...run]);
      await writeGolden(golden, model, (add) => add('random', tensors));
      const all = [...run.values()].reduce((sum, bytes) => sum + bytes.length, 0);
      assert.equal(await benchOutput(compiler, model, golden, folder), `compared ${all}`);
    });
  });
});
