import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireOutputs } from '../../../workflows/outputs/require_outputs.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('requireOutputs', () => {
  it('makes nothing where nothing lies in the way', () =>
    inFolder(async (folder) => {
      await requireOutputs({
        inputs: [undefined],
        overwrite: false,
        modelFolder: join(folder, 'a', 'b'),
        tf8File: join(folder, 'c', 'model.tf8'),
        analysisFile: join(folder, 'analysis.json'),
        exported: join(folder, 'model.onnx'),
      });
      assert.deepEqual(await readdir(folder), []);
    }));

  for (const kind of ['tf8File', 'analysisFile', 'exported'] as const) {
    it(`refuses a file that tf8 did not write (${kind}), unless it is to be overwritten`, () =>
      inFolder(async (folder) => {
        const path = join(folder, 'notes.txt');
        await writeFile(path, 'notes');
        const outputs = { inputs: [], [kind]: path };
        await assert.rejects(
          requireOutputs({ ...outputs, overwrite: false }),
          /^UserError: Expected no file at .*notes\.txt, or one that tf8 wrote/,
        );
        await requireOutputs({ ...outputs, overwrite: true });
      }));
  }

  it('says which of its records lies in the way of another', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'part.json');
      const record = { configuration: { precision: 'both' }, dataSha256: '', skippedImages: [] };
      await writeFile(path, JSON.stringify(record));
      const outputs = { inputs: [], overwrite: false };
      await requireOutputs({ ...outputs, evaluationFile: path });
      await assert.rejects(requireOutputs({ ...outputs, shardFile: path }), {
        message: `Expected no file at ${path}, or an older one of the same kind, but the record of an evaluation lies there`,
      });
    }));

  it('refuses a finished model, but not one whose checkpoints say whose it is', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'model.json'), '{}');
      const outputs = { inputs: [], overwrite: false, modelFolder: folder };
      await assert.rejects(
        requireOutputs(outputs),
        /^UserError: Expected no file at .*model\.json/,
      );
      const checkpoints = join(folder, 'checkpoints');
      await mkdir(checkpoints);
      await assert.rejects(requireOutputs({ ...outputs, checkpointed: true }), /model\.json/);
      await writeFile(join(checkpoints, 'step-00000001.safetensors'), '');
      await requireOutputs({ ...outputs, checkpointed: true });
    }));
});
