import assert from 'node:assert/strict';
import {
  EXACT_PRODUCTS,
  explainDifference,
  otherRounding,
} from '../../../workflows/verify/explain_difference.ts';

const DEFAULT = 'f32-multiply-round-half-even';
const int8 = {
  runtime: 'onnxruntime',
  format: 'onnx-int8',
  rounding: DEFAULT,
  hasSums: false,
} as const;

describe('explainDifference', () => {
  it('names the rounding of a runtime that has another', () => {
    const run = { format: 'tflite-int8', hasSums: false, sessionConfig: undefined };
    const why = explainDifference({ ...run, runtime: 'tflite-micro', rounding: DEFAULT });
    assert.match(why!, /tflite-micro rounds as double-rounding.*`profile: 'double-rounding'`/);
    const same = { ...run, runtime: 'tflite-micro', rounding: 'double-rounding' } as const;
    assert.equal(explainDifference(same), undefined);
    assert.match(
      explainDifference({ ...same, hasSums: true })!,
      /a byte of a sum may differ by one/,
    );
  });

  it('names the entry by which ONNX Runtime multiplies int8 exactly, unless it is set', () => {
    const why = explainDifference({ ...int8, sessionConfig: undefined });
    assert.match(why!, /`sessionConfig: 'session\.qdqisint8allowed=1'`/);
    assert.equal(explainDifference({ ...int8, sessionConfig: EXACT_PRODUCTS }), undefined);
    assert.equal(
      explainDifference({ ...int8, format: 'onnx', sessionConfig: undefined }),
      undefined,
    );
  });
});

describe('otherRounding', () => {
  it('names those that round an export otherwise than the network', () => {
    for (const [format, title] of [
      ['tflite', 'LiteRT'],
      ['onnx', 'ONNX Runtime'],
    ]) {
      assert.equal(otherRounding(format, DEFAULT), undefined);
      assert.match(
        otherRounding(format, 'power-of-two')!,
        new RegExp(`^${title} rounds as ${DEFAULT}, this network as power-of-two: some bytes`),
      );
    }
    assert.match(
      otherRounding('tflite-int8', 'double-rounding')!,
      /^LiteRT rounds .* as double-rounding, as TensorFlow Lite Micro does: /,
    );
    assert.match(
      otherRounding('tflite-int8', DEFAULT)!,
      /^TensorFlow Lite Micro rounds as double-rounding, .*; `profile: 'double-rounding'` makes a network that rounds as TensorFlow Lite Micro does\.$/,
    );
    assert.match(
      otherRounding('tflite-int8', 'shift-round')!,
      /^LiteRT rounds as f32-.*, TensorFlow Lite Micro rounds as double-rounding, this network as shift-round: /,
    );
    for (const format of ['c', 'qonnx', 'npz']) {
      assert.equal(otherRounding(format, 'shift-round'), undefined);
    }
  });
});
