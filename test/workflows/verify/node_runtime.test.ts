import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { startNodeRuntime } from '../../../workflows/verify/node_runtime.ts';
import { skip } from '../../support/skip.ts';

const TASK = { file: 'm.onnx', layersFile: 'l.onnx', layers: ['one'], outputs: ['logits'] };

function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node');
    return true;
  } catch {
    return false;
  }
}

describe('startNodeRuntime', () => {
  it('gives layers in our order of axes, and the output of the file itself', async () => {
    const released: string[] = [];
    class Tensor {
      readonly data: Uint8Array;
      readonly dims: readonly number[];
      constructor(_type: 'uint8', data: Uint8Array, dims: readonly number[]) {
        this.data = data;
        this.dims = dims;
      }
    }
    const create = async (path: string) => ({
      inputNames: ['image'],
      run: async ({ image }: Readonly<Record<string, Tensor>>) => {
        assert.deepEqual(image.dims, [1, 2, 2, 1]);
        return {
          one: new Tensor('uint8', Uint8Array.of(1, 2, 3, 4), [1, 2, 1, 2]),
          logits: new Tensor('uint8', Uint8Array.of(path === 'm.onnx' ? 7 : 8), [1, 1]),
        };
      },
      release: async () => {
        released.push(path);
      },
    });
    const runtime = await startNodeRuntime(TASK, [2, 2, 1], async () => ({
      version: '1.2.3',
      Tensor,
      InferenceSession: { create },
    }));
    assert.equal(runtime.name, 'ONNX Runtime 1.2.3 for Node');
    const tensors = await runtime.run(new Uint8Array(4));
    assert.deepEqual(tensors.get('one'), Uint8Array.of(1, 3, 2, 4));
    assert.deepEqual(tensors.get('logits'), Uint8Array.of(7));
    await runtime.close();
    assert.deepEqual(released.sort(), ['l.onnx', 'm.onnx']);
  });

  it('says how to install the package where it is missing', async function () {
    if (isInstalled()) skip(this, 'onnxruntime-node is installed here');
    await assert.rejects(startNodeRuntime(TASK, [2, 2, 1]), {
      name: 'UserError',
      message: /^Expected the package onnxruntime-node but: /,
      remedy:
        'Install it with "npm install --no-save onnxruntime-node", or take `runtime: \'onnxruntime\'`.',
    });
  });
});
