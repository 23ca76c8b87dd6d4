import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { fromBufferPromise } from 'yauzl';
import { encodeNpy } from '../../../../quantize/export/npz/npy.ts';
import { NPZ } from '../../../../quantize/export/npz/npz.ts';
import { tf8FromHead } from '../../../../quantize/export/tf8_head.ts';
import { isWeighted } from '../../../../quantize/model/tf8_model.ts';
import { randomBytes } from '../../kernels/make_call.ts';
import { MODEL, modelOf, sourceOf } from '../support.ts';
import { readNpy } from './read_npy.ts';

async function arraysOf(archive: Uint8Array) {
  const zip = await fromBufferPromise(Buffer.from(archive), { lazyEntries: true });
  const arrays = new Map<string, ReturnType<typeof readNpy>>();
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry));
    arrays.set(entry.fileName.replace(/\.npy$/, ''), readNpy(content));
  }
  return arrays;
}

describe('encodeNpy', () => {
  it('aligns the elements and tells their type and shape', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 });
    const types = fc.constantFrom(Uint8Array, Int32Array, Float32Array);
    fc.assert(
      fc.property(shapes, types, (shape, type) => {
        const length = shape.reduce((product, side) => product * side, 1);
        const data = new type(randomBytes(length, 1));
        const { start, ...array } = readNpy(encodeNpy(data, shape));
        assert.equal(start % 64, 0);
        assert.deepEqual(array, { data, shape });
      }),
    );
  });

  it('writes a shape as a tuple of Python, also of one and of no side', () => {
    const header = (shape: number[]) =>
      /'shape': (.*), \}/.exec(
        new TextDecoder('latin1').decode(encodeNpy(Uint8Array.of(7), shape)),
      )![1];
    assert.deepEqual([header([]), header([1]), header([1, 1])], ['()', '(1,)', '(1, 1,)']);
  });
});

describe('the export to npz', () => {
  it('has weights, biases and every scale and zero point under the names of the layers', async () => {
    const arrays = await arraysOf(NPZ.encode(await sourceOf(modelOf({})))[0].bytes);
    const scalar = (data: Float32Array | Int32Array) => ({ shape: [], data });
    const expected = {
      'image/scale': scalar(Float32Array.of(0.125)),
      'image/zero_point': scalar(Int32Array.of(3)),
      'node_0/weights': {
        shape: [4, 4, 1, 2],
        data: Uint8Array.from({ length: 32 }, (_, index) => index),
      },
      'node_0/weights/scale': scalar(Float32Array.of(0.25)),
      'node_0/weights/zero_point': scalar(Int32Array.of(7)),
      'node_0/bias': { shape: [2], data: Int32Array.of(5, -6) },
      'node_0/bias/scale': scalar(Float32Array.of(0.125 * 0.25)),
      'node_0/bias/zero_point': scalar(Int32Array.of(0)),
      'node_0/scale': scalar(Float32Array.of(0.5)),
      'node_0/zero_point': scalar(Int32Array.of(10)),
    };
    const read = Object.fromEntries(
      [...arrays].map(([name, { shape, data }]) => [name, { shape, data }]),
    );
    const { TF8_HEAD: _, ...others } = read;
    assert.deepEqual(others, expected);
  });

  it('gives the TF8 model back with the head', async () => {
    const source = await sourceOf(MODEL);
    const file = NPZ.encode(source)[0].bytes;
    const arrays = await arraysOf(file);
    const dataOf = (name: string) => {
      const { data } = arrays.get(name)!;
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    };
    const model = await tf8FromHead(
      dataOf('TF8_HEAD'),
      ({ name }) => ({ weights: dataOf(`${name}/weights`), bias: dataOf(`${name}/bias`) }),
      file.length,
      'm.npz',
    );
    assert.deepEqual(model, MODEL);
    assert.ok(model.nodes.some(isWeighted));
  });

  it('refuses names that come twice', async () => {
    const model = modelOf({ name: 'a', inputs: ['a/weights'] });
    const input = { ...model.input, name: 'a/weights' };
    const source = await sourceOf({ ...model, input });
    assert.throws(() => NPZ.encode(source), {
      name: 'QuantizationError',
      message: 'Expected tensors of different names but two are called "a/weights/scale"',
    });
  });
});
