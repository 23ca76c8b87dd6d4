import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { loadTf8 } from '../../../quantize/execute/load_tf8.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { inFolder } from '../../support/in_folder.ts';
import { randomModels } from '../model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 6 })[0];

describe('loadTf8', () => {
  it('takes a path, a file URL, bytes and what fetch gives', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.tf8');
      const bytes = await encodeTf8(MODEL);
      await writeFile(path, bytes);
      for (const source of [path, pathToFileURL(path), bytes, bytes.buffer]) {
        using plan = await loadTf8(source, { tier: 'reference' });
        assert.deepEqual(plan.model, MODEL);
        assert.equal(plan.kernels.tier, 'reference');
      }
    }));

  it('names the file that it cannot read, or that is damaged', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.tf8');
      await assert.rejects(loadTf8(path), {
        name: 'QuantizationError',
        message: new RegExp(`^Expected a TF8 file at ${path} but: ENOENT`),
        remedy: 'Check the path, or quantize a float model into that file.',
      });
      await writeFile(path, 'TF8\n');
      await assert.rejects(loadTf8(path), {
        name: 'QuantizationError',
        message: new RegExp(`^${path} is not a sound TF8 file`),
      });
    }));
});
