import assert from 'node:assert/strict';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import { networkWeights, writeNetwork } from '../../../bench/peers/network/network_files.ts';
import { ONNX, peerNetworks, TFLITE } from '../../../bench/peers/peer_networks.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';

const GRAPH: FloatGraph = floatGraph({
  name: 'small',
  input: { name: 'input', shape: [1, 2, 3] },
  nodes: [
    {
      name: 'first',
      op: 'conv2d',
      inputs: ['input'],
      kernel: Float32Array.of(1, 2, 3, 4, 5, 6),
      kernelShape: [1, 1, 3, 2],
      bias: Float32Array.of(7, 8),
      strides: [1, 1],
      activation: 'relu6',
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
    },
    { name: 'pool', op: 'globalAveragePool', inputs: ['first'], keepDims: true },
    {
      name: 'logits',
      op: 'conv2d',
      inputs: ['pool'],
      kernel: Float32Array.of(9, 10),
      kernelShape: [1, 1, 2, 1],
      bias: Float32Array.of(11),
      strides: [1, 1],
      activation: 'linear',
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
    },
  ],
  outputs: ['logits'],
});

async function write(folder: string, graph = GRAPH): Promise<void> {
  const images = Float32Array.of(0, 1, 2, 3, 4, 5);
  await writeNetwork(folder, graph, [{ images, shape: [1, 1, 2, 3] }]);
}

describe('writeNetwork', () => {
  it('stores what networkWeights reads back', () =>
    inFolder(async (folder) => {
      await write(folder);
      const network = JSON.parse(await readFile(join(folder, 'network.json'), 'utf8'));
      const weights = await networkWeights(folder, network);
      assert.deepEqual([...weights.keys()], ['first', 'logits']);
      assert.deepEqual(weights.get('first'), {
        kernel: Float32Array.of(1, 2, 3, 4, 5, 6),
        bias: Float32Array.of(7, 8),
      });
      assert.deepEqual(weights.get('logits')!.bias, Float32Array.of(11));
      assert.equal((await readFile(join(folder, 'images.f32'))).length, 6 * 4);
    }));
});

describe('peerNetworks', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  /** A shell script in the place of Python; its arguments are -I -B SCRIPT SOURCE TARGET. */
  async function make(folder: string, script: string, conversion = ONNX): Promise<string> {
    const python = join(folder, 'python');
    await writeFile(python, `#!/bin/sh\n${script}\n`);
    await chmod(python, 0o755);
    return peerNetworks(conversion, folder, {
      cacheDir: join(folder, 'cache'),
      reporter: SILENT_REPORTER,
      signal: new AbortController().signal,
      python,
    });
  }

  it('are made once for the same network, and anew for another', () =>
    inFolder(async (folder) => {
      await write(folder);
      const script = 'basename "$3" > "$5/float.onnx"';
      const made = await make(folder, script);
      assert.equal(await readFile(join(made, 'float.onnx'), 'utf8'), 'make_onnx.py\n');
      assert.equal(await make(folder, 'exit 1'), made);
      await write(folder, { ...GRAPH, input: { ...GRAPH.input, name: 'images' } });
      await assert.rejects(make(folder, 'exit 1'));
    }));

  it('are kept apart by their format', () =>
    inFolder(async (folder) => {
      await write(folder);
      await make(folder, 'true');
      await make(folder, 'true', TFLITE);
      assert.deepEqual((await readdir(join(folder, 'cache'))).sort(), [
        'bench-onnx',
        'bench-tflite',
      ]);
    }));

  it('tell what the program said last where it fails', () =>
    inFolder(async (folder) => {
      await write(folder);
      await assert.rejects(make(folder, 'echo "ValueError: no such padding"; exit 1'), {
        name: 'UserError',
        message: 'Expected ONNX models but: ValueError: no such padding',
      });
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    }));
});
