import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { ModelProtoSchema } from '../../../foundation/onnx/generated/onnx_pb.ts';
import { encodeFloatOnnx } from '../../../quantize/export/onnx/float_onnx.ts';
import { isWeighted } from '../../../quantize/model/tf8_model.ts';
import { someImages } from '../../quantize/convert/support.ts';
import { runOnnx } from '../../quantize/export/run_onnx.ts';
import { buildModel, type Step } from '../../quantize/model/random_models.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { readOnnxBytes } from './read_onnx_bytes.ts';

const STEP: Step = {
  op: 'conv2d',
  filters: 4,
  window: [3, 2],
  strides: [1, 1],
  padding: 'same',
  activation: 'linear',
  zeroPoint: 110,
  weightZeroPoint: 120,
  seed: 2,
};

/** By what they are: the steps in front of the last one. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  'a convolution of two groups': [STEP, { ...STEP, filters: 6, seed: 1 }],
  'a transposed convolution': [{ ...STEP, op: 'transposedConv2d', strides: [2, 2], seed: 4 }],
  'one that is cut, with an output padding': [
    { ...STEP, op: 'transposedConv2d', strides: [2, 2], window: [1, 1], padding: 'same', seed: 3 },
  ],
  'a PReLU of channels': [{ ...STEP, op: 'prelu', seed: 4 }],
  'a PReLU of values': [{ ...STEP, op: 'prelu', seed: 3 }],
};

describe('readOnnx, of operators that exports write', () => {
  before(needsTensorFlow);

  for (const [title, steps] of Object.entries(STEPS)) {
    it(`computes what the specification of ONNX says: ${title}`, () => {
      const rest = { name: 'net', classNames: [], labelOffset: 0 };
      const last = { ...STEP, op: 'fullyConnected' as const };
      const model = buildModel([5, 4, 3], 100, [...steps, last], rest);
      const floatWeights = new Map(
        model.nodes.filter(isWeighted).map(({ name, weights, bias }) => [
          name,
          {
            kernel: Float32Array.from(weights.data, (byte) => (byte - 128) / 100),
            bias: Float32Array.from(bias, (value) => (value % 100) / 50),
          },
        ]),
      );
      const file = encodeFloatOnnx(model, floatWeights);
      const { graph } = readOnnxBytes(file, 'net.onnx');
      assert.ok(graph.nodes.some(({ op }) => op === steps.at(-1)!.op));
      const image = someImages(1, [5, 4, 3]);
      const runner = new FloatRunner(graph);
      const [received] = runner.outputs(image, [1, 5, 4, 3]);
      runner.dispose();
      // [1, C, H, W]
      const turned = Float32Array.from(
        { length: 60 },
        (_, at) => image[(at % 20) * 3 + Math.floor(at / 20)],
      );
      const { values } = runOnnx(fromBinary(ModelProtoSchema, file), turned).get('logits')!;
      const greatest = Array.from(values).reduce(
        (most, value) => Math.max(most, Math.abs(value)),
        0,
      );
      Array.from(values).forEach((value, at) => {
        assert.ok(Math.abs(value - received[at]) < 1e-4 * greatest, `${value}, ${received[at]}`);
      });
    });
  }
});
