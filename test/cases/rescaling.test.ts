import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import { classify } from '../../workflows/classify.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { writeTree } from '../datasets/support.ts';
import { contextOf, picture } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
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
    const { input, network, notes } = await loadCase(caseFolder(this, 'rescaling'), '255.pb');
    network.dispose();
    assert.deepEqual(input.range, { min: 0, max: 1 });
    assert.match(notes.join(), /scales pixels of \[0, 255\] to \[0, 1\] itself/);
  });

  it('shows the network images in the range that it scales to, and the TF8 file says it', function () {
    const model = join(caseFolder(this, 'rescaling'), '255.pb');
    return inFolder(async (folder) => {
      const image = join(folder, 'images', '1.png');
      const out = join(folder, 'm.tf8');
      await writeTree(folder, { 'images/1.png': await picture(1) });
      const calibrationData = join(folder, 'images');
      await quantize({ model, calibrationData, out, seed: 0 }, contextOf());
      const { preprocessing } = await decodeTf8(await readFile(out), out);
      assert.deepEqual(preprocessing!.range, { min: 0, max: 1 });
      const options = { image, seed: 0, tier: 'auto' } as const;
      const { float, tf8 } = await classify({ ...options, model }, contextOf());
      for (const [rank, { probability }] of float!.entries()) {
        assert.ok(Math.abs(probability - tf8[rank].probability) < 0.05);
      }
      assert.deepEqual((await classify({ ...options, model: out }, contextOf())).tf8, tf8);
    });
  });

  it('refuses another range than the model itself says', async function () {
    const model = join(caseFolder(this, 'rescaling'), '255.pb');
    const inputRange = { min: -1, max: 1 };
    await assert.rejects(openFloatModel(model, contextOf(), { inputRange }), {
      name: 'UserError',
      message: `Expected images in [0, 1], as ${model} says itself, but \`inputRange\` is [-1, 1]`,
    });
  });

  it('assumes our range for a model that says none, aloud, unless one is given', async function () {
    const model = join(caseFolder(this, 'logits-as-probability'), 'frozen.pb');
    const reporter = recordingReporter();
    const assumed = await openFloatModel(model, contextOf(reporter));
    assumed.dispose();
    assert.deepEqual(assumed.facts.input.range, { min: -1, max: 1 });
    assert.match(reporter.messages.join(), /taken as RGB in \[-1, 1\], see `preprocessing`/);
    const inputRange = { min: 0, max: 255 };
    const given = await openFloatModel(model, contextOf(), { inputRange });
    given.dispose();
    assert.deepEqual(given.facts.input.range, inputRange);
  });
});
