import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cudaPath, nvidiaDriver, requireGpu } from '../../../scripts/setup/gpu.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('the set-up for GPUs', () => {
  it('finds the version of the driver, and none where there is no driver', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'version');
      assert.equal(await nvidiaDriver(file), undefined);
      await writeFile(
        file,
        'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version: 11.4.0\n',
      );
      assert.equal(await nvidiaDriver(file), '535.104.05');
    }));

  it('is refused where there is no driver, unless it is forced', function () {
    if (`${process.platform}-${process.arch}` !== 'linux-x64') this.skip();
    requireGpu('535.104.05', false);
    requireGpu(undefined, true);
    assert.throws(() => requireGpu(undefined, false), {
      name: 'UserError',
      message: /^Expected NVIDIA's driver for `--gpu` but .* says of none on this machine$/,
      remedy: /--gpu --force to prepare an image/,
    });
  });

  it('puts CUDA’s libraries where TensorFlow’s looks for them, and nothing else', () => {
    const paths = [
      'nvidia/cudnn/lib/libcudnn.so.8',
      'nvidia/cudnn/include/cudnn.h',
      'nvidia/__init__.py',
      'nvidia/../lib/evil.so',
    ].map((entry) => cudaPath('deps/nvidia', entry));
    assert.deepEqual(paths, ['deps/nvidia/cudnn/lib/libcudnn.so.8', ...Array(3).fill(undefined)]);
  });
});
