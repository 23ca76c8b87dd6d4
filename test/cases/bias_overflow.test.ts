import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMain } from '../scripts/run_tf8.ts';
import { picture } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { sharedFolder } from '../support/skip.ts';

describe('a network of tiny weights and a large bias', () => {
  it('is quantized at a raised weight scale, with a note, and classifies as in float', async function () {
    const model = join(sharedFolder(this, 'cases/bias-overflow'), 'frozen.pb');
    await inFolder(async (dir) => {
      const image = join(dir, 'image.png');
      await writeFile(image, await picture(1));
      const { status, stdout, stderr } = await runMain([
        'classify',
        image,
        '--model',
        model,
        '--json',
      ]);
      assert.equal(status, 0, stderr);
      assert.match(
        stderr,
        /Warning: The weights of net\/tiny\/Conv2D are quantized [\d,]+ times as coarsely/,
      );
      const { float, tf8 } = JSON.parse(stdout);
      assert.equal(tf8[0].name, float[0].name);
      assert.ok(Math.abs(tf8[0].probability - float[0].probability) < 0.02);
    });
  });
});
