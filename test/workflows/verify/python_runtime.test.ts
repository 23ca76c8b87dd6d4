import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type PythonRuntimeOptions,
  startPythonRuntime,
} from '../../../workflows/verify/python_runtime.ts';
import { inFolder } from '../../support/in_folder.ts';

/** Answers each image of 3 bytes with two layers, [1 + first byte] and the other two, and an output. */
const ANSWERING = `
process.stdin.once('data', (request) => {
  const { kind, file, layers, names } = JSON.parse(request);
  if (file === 'bad.onnx') {
    console.error('refused ' + [kind, layers, names]);
    process.exit(1);
  }
  console.log(JSON.stringify({ runtime: 'Fake 1.0', imageBytes: 3, bytes: [1, 2, 1] }));
  process.stdin.on('data', ([a, b, c]) => {
    if (a === 99) process.exit(3);
    process.stdout.write(Uint8Array.of(a + 1, b, c, 42));
  });
});`;

const TASK = { file: 'm.onnx', layersFile: 'l.onnx', layers: ['one', 'two'], outputs: ['logits'] };

describe('startPythonRuntime', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  const withFake = (
    body: (options: PythonRuntimeOptions, abort: AbortController) => Promise<void>,
  ): Promise<void> =>
    inFolder(async (folder) => {
      const script = join(folder, 'fake.cjs');
      const python = join(folder, 'python');
      await writeFile(script, ANSWERING);
      await writeFile(python, `#!/bin/sh\nexec "${process.execPath}" "$3"\n`);
      await chmod(python, 0o755);
      const abort = new AbortController();
      await body({ python, kind: 'onnxruntime', script, signal: abort.signal }, abort);
    });

  it('gives the layers and the output of each image', () =>
    withFake(async (options) => {
      const runtime = await startPythonRuntime(TASK, options);
      try {
        assert.equal(runtime.name, 'Fake 1.0');
        for (const first of [1, 5]) {
          const tensors = await runtime.run(Uint8Array.of(first, 8, 9));
          assert.deepEqual(
            [...tensors].map(([name, bytes]) => [name, ...bytes]),
            [
              ['one', first + 1],
              ['two', 8, 9],
              ['logits', 42],
            ],
          );
        }
      } finally {
        await runtime.close();
        await runtime.close();
      }
    }));

  it('refuses an image of another size', () =>
    withFake(async (options) => {
      const runtime = await startPythonRuntime(TASK, options);
      await assert.rejects(runtime.run(new Uint8Array(4)), {
        name: 'UserError',
        message: 'Expected an image of 3 bytes for m.onnx but received 4',
      });
      await runtime.close();
    }));

  it('tells what the process said last where it refuses the file', () =>
    withFake(async (options) => {
      await assert.rejects(startPythonRuntime({ ...TASK, file: 'bad.onnx' }, options), {
        name: 'UserError',
        message:
          /^The runtime's process ended \(exit code 1\): .*refused onnxruntime,l\.onnx,one,two/,
      });
    }));

  it('tells that the process ended in the middle', () =>
    withFake(async (options) => {
      const runtime = await startPythonRuntime(TASK, options);
      await assert.rejects(runtime.run(Uint8Array.of(99, 0, 0)), {
        name: 'UserError',
        message: "The runtime's process ended (exit code 3): ",
      });
      await runtime.close();
    }));

  it('tells where there is no such program', () =>
    withFake(async (options) => {
      await assert.rejects(startPythonRuntime(TASK, { ...options, python: 'no-such-python' }), {
        name: 'UserError',
        message: /^The runtime's process ended \(spawn no-such-python ENOENT\)/,
      });
    }));

  it('ends with the reason of the signal', () =>
    withFake(async (options, abort) => {
      const runtime = await startPythonRuntime(TASK, options);
      abort.abort(new Error('interrupted'));
      await assert.rejects(runtime.run(Uint8Array.of(1, 2, 3)), /interrupted/);
      await runtime.close();
    }));
});
