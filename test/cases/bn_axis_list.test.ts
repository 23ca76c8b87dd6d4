import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder } from '../support/in_folder.ts';
import { assertClose, caseFolder, loadCase, outputsOf } from './case_model.ts';

describe('case bn-axis-list', () => {
  it('takes the axis of a batch norm as Keras writes it, in a list', async function () {
    const folder = caseFolder(this, 'bn-axis-list');
    const received = outputsOf(await loadCase(folder, 'model.json'));
    await inFolder(async (edited) => {
      await cp(folder, edited, { recursive: true });
      const text = await readFile(join(folder, 'model.json'), 'utf8');
      const number = text.replaceAll(/"axis": ?\[3\]/g, '"axis": 3');
      assert.notEqual(number, text);
      await writeFile(join(edited, 'edited.json'), number);
      assertClose(received, outputsOf(await loadCase(edited, 'edited.json')));
    });
  });
});
