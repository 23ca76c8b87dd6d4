import { assertClose, caseFolder, loadCase, outputsOf } from './case_model.ts';

describe('case nested-model', () => {
  it('flattens a functional model inside of a sequential one, as its frozen graph is', async function () {
    const folder = caseFolder(this, 'nested-model');
    const [layers, frozen] = await Promise.all(
      ['model.json', 'frozen.pb'].map((file) => loadCase(folder, file)),
    );
    assertClose(outputsOf(layers), outputsOf(frozen));
  });
});
