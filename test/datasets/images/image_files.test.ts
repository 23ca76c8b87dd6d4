import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listImageFiles } from '../../../datasets/images/image_files.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

describe('listImageFiles', () => {
  it('leaves out a folder that cannot be read, by name, and refuses where none can', () =>
    inFolder(async (dir) => {
      await symlink('loop', join(dir, 'loop'));
      await mkdir(join(dir, 'whole'));
      await writeFile(join(dir, 'whole', 'a.png'), '');
      const [loop, whole] = ['loop', 'whole'].map((name, label) => ({
        path: join(dir, name),
        name,
        label,
      }));
      const reporter = recordingReporter();
      const files = await listImageFiles([loop, whole], reporter);
      assert.deepEqual(
        files.map(({ name }) => name),
        ['whole/a.png'],
      );
      assert.deepEqual(reporter.messages, [
        `Left out the folder loop: Expected to read ${loop.path} but it is a link that leads back to itself.`,
      ]);
      await assert.rejects(listImageFiles([loop], reporter), {
        name: 'UserError',
        message: `Expected to read ${loop.path} but it is a link that leads back to itself.`,
        remedy: 'Mend or remove the link.',
      });
    }));
});
