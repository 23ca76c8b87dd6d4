import assert from 'node:assert/strict';
import { fastestNative, ratiosOf } from '../../../bench/executor/ratios.ts';
import { row } from './rows.ts';

describe('ratiosOf', () => {
  const native = [
    row('tf8 native avx512vnni', 2),
    row('tf8 native avx512vnni', 1.25, 2),
    row('tf8 native avx512vnni', 33, 1, 16),
    row('tf8 native avx2', 4),
    row('tf8 native avx2', 0.5, 2),
  ];

  it('divides their latency by ours: above 1 ours is faster', () => {
    const rows = [
      ...native,
      row('tf8 wasm', 20),
      row('LiteRT uint8', 10),
      row('LiteRT uint8', 1, 2),
      row('LiteRT int8', 3),
      row('ONNX Runtime u8u8 per tensor', 9),
      row('ONNX Runtime for Node u8u8 per tensor', 100),
      row('TensorFlow.js wasm float', 50),
      row('ONNX Runtime Web u8u8 per tensor', 30),
      row('ONNX Runtime Web float', 1),
    ];
    assert.deepEqual(ratiosOf(rows), {
      nativeToLiteRtUint8: 5,
      nativeToOrtUint8: 4.5,
      nativeToLiteRtInt8: 1.5,
      wasmToTfjsWasm: 2.5,
      wasmToOrtWasm: 1.5,
      nativeTwoThreads: 1.6,
    });
  });

  it('takes the instruction set that is fastest on one image and one thread for native', () => {
    assert.equal(fastestNative(native), 'tf8 native avx512vnni');
    assert.equal(fastestNative([...native, row('tf8 native avxvnni', 1)]), 'tf8 native avxvnni');
  });

  it('gives null where one of the two was not measured', () => {
    assert.deepEqual(new Set(Object.values(ratiosOf([row('LiteRT uint8', 10)]))), new Set([null]));
    const { nativeTwoThreads, ...others } = ratiosOf(native);
    assert.equal(nativeTwoThreads, 1.6);
    assert.deepEqual(new Set(Object.values(others)), new Set([null]));
  });
});
