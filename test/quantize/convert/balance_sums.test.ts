import assert from 'node:assert/strict';
import { floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { convertBalanced } from '../../../quantize/convert/balance_sums.ts';
import { exportFormat } from '../../../quantize/export/formats.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { isSummandScale } from '../../../quantize/params/addition.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';

const OPTIONS = {
  inputRange: { min: -1, max: 1 },
  labelOffset: 0,
  classNames: [],
  provenance: {
    floatModel: 'by hand',
    floatWeightsSha256: 'none',
    calibrationImages: 3,
    calibrationData: 'by hand',
    zeroVariance: 'keep' as const,
  },
};

const NODES: readonly FloatNode[] = [
  { op: 'activation', name: 'large', inputs: ['image'], activation: 'relu' },
  { op: 'activation', name: 'small', inputs: ['image'], activation: 'tanh' },
  { op: 'add', name: 'sum', inputs: ['large', 'small'], activation: 'linear' },
];

const GRAPH = floatGraph({
  name: 'sum',
  input: { name: 'image', shape: [2, 2, 3] },
  nodes: NODES,
  outputs: ['sum'],
});

const calibrationOf = (small: number) => ({
  images: 3,
  ranges: new Map([
    ['image', { min: -1, max: 1 }],
    ['large', { min: 0, max: 100 }],
    ['small', { min: -small, max: small }],
    ['sum', { min: 0, max: 100 }],
  ]),
});

describe('convertBalanced', () => {
  it('requantizes what is too fine for a sum, and says so in graph and ranges', () => {
    const { model, graph, calibration } = convertBalanced(GRAPH, calibrationOf(0.01), OPTIONS);
    const names = ['large', 'small', 'sum/input_1', 'sum'];
    for (const { nodes } of [model, graph]) {
      assert.deepEqual(
        nodes.map(({ name }) => name),
        names,
      );
    }
    const [, , summand, sum] = model.nodes;
    assert.equal(summand.op, 'requantize');
    assert.ok(isSummandScale(summand.output.quantization.scale, sum.output.quantization.scale));
    assert.ok(calibration.ranges.has('sum/input_1'));
  });

  it('changes nothing of other sums', () => {
    const calibration = calibrationOf(1);
    const converted = convertBalanced(GRAPH, calibration, OPTIONS);
    assert.equal(converted.graph, GRAPH);
    assert.equal(converted.calibration, calibration);
  });

  it('is what TFLite asks for: an older file with such a sum is refused by name', async () => {
    const { model } = convertBalanced(GRAPH, calibrationOf(1), OPTIONS);
    const nodes = model.nodes.map((node) => {
      if (node.name !== 'small') return node;
      return {
        ...node,
        output: { ...node.output, quantization: { scale: 2 ** -20, zeroPoint: 9 } },
      };
    });
    const old = { ...model, nodes } as typeof model;
    const tf8 = await encodeTf8(old);
    assert.throws(
      () => exportFormat('tflite').encode({ model: old, tf8, fileName: 'old.tflite' }),
      (error) =>
        error instanceof QuantizationError &&
        /inputs of sum within \[2⁻¹⁰, 2⁸\) of its own/.test(error.message) &&
        /Quantize the float model again/.test(error.remedy ?? ''),
    );
  });
});
