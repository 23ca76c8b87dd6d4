import assert from 'node:assert/strict';
import { assertClose, caseFolder, loadCase, outputsOf } from './case_model.ts';

describe('case rescaling', () => {
  it('leaves out a scaling of pixels to our range, and says so', async function () {
    const folder = caseFolder(this, 'rescaling');
    const [graph, layers] = [
      await loadCase(folder, '127.pb'),
      await loadCase(folder, 'model.json'),
    ];
    for (const { input, notes } of [graph, layers]) {
      assert.deepEqual(input.range, { min: -1, max: 1 });
      assert.match(notes.join(), /scales pixels of \[0, 255\] to \[-1, 1\] itself/);
    }
    assertClose(outputsOf(layers), outputsOf(graph));
  });

  it('takes a scaling to another range as the preprocessing', async function () {
    const { input, model, notes } = await loadCase(caseFolder(this, 'rescaling'), '255.pb');
    model.dispose();
    assert.deepEqual(input.range, { min: 0, max: 1 });
    assert.match(notes.join(), /scales pixels of \[0, 255\] to \[0, 1\] itself/);
  });
});
