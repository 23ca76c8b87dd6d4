import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { preprocessingOf } from '../../workflows/open/preprocessing.ts';
import { contextOf } from '../scripts/support.ts';
import { caseFolder, loadCase } from './case_model.ts';

describe('case input-not-rgb-square', () => {
  it('says what images a network of grey ones, oblong ones or such with alpha takes', async function () {
    const folder = caseFolder(this, 'input-not-rgb-square');
    for (const [file, ...sides] of [
      ['gray_28.pb', 28, 28, 1],
      ['nonsquare.pb', 24, 40, 3],
      ['rgba4.pb', 32, 32, 4],
    ] as const) {
      const { network, input } = await loadCase(folder, file);
      network.dispose();
      const { height, width, channels } = input;
      assert.deepEqual([height, width, channels], sides);
    }
  });

  it('opens them for the commands, and takes no range of each channel of grey', async function () {
    const folder = caseFolder(this, 'input-not-rgb-square');
    for (const file of ['gray_28.pb', 'nonsquare.pb', 'rgba4.pb']) {
      (await openFloatModel(join(folder, file), contextOf())).dispose();
    }
    const path = join(folder, 'gray_28.pb');
    const preprocessing = preprocessingOf('torch');
    await assert.rejects(openFloatModel(path, contextOf(), { preprocessing }), {
      name: 'UserError',
      message: `Expected a network of RGB images for \`preprocessing\` of each channel but ${path} takes [28,28,1]`,
      remedy: 'Give one number for all its channels.',
    });
  });
});
