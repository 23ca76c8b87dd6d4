import assert from 'node:assert/strict';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { readTflite } from '../../../checkpoints/tflite/read_tflite.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { TFLITE } from '../../../quantize/export/tflite/tflite.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { dequantizeArray } from '../../../quantize/params/quantization.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import { buildModel, type Step } from '../../quantize/model/random_models.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

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

const LAST: Step = { ...STEP, op: 'fullyConnected' };

/** By their operation: the steps in front of the last one. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  CONV_2D: [STEP, { ...STEP, filters: 6, seed: 1 }],
  TRANSPOSE_CONV: [{ ...STEP, op: 'transposedConv2d', strides: [2, 2], seed: 4 }],
  'TRANSPOSE_CONV and a slice': [{ ...STEP, op: 'transposedConv2d', padding: 'valid', seed: 3 }],
  PRELU: [{ ...STEP, op: 'prelu', seed: 4 }],
  'PRELU of each value': [{ ...STEP, op: 'prelu', seed: 3 }],
};

describe('readTflite, of operators that the tflite export writes', () => {
  before(needsTensorFlow);

  for (const [title, steps] of Object.entries(STEPS)) {
    it(`computes what the quantized network does up to its rounding: ${title}`, async () => {
      const rest = { name: 'net', classNames: [], labelOffset: 0 };
      const model = buildModel([5, 4, 3], 100, [...steps, LAST], rest);
      const source = { model, tf8: await encodeTf8(model), fileName: 'net.tflite' };
      const { graph } = readTflite(TFLITE.encode(source)[0].bytes, 'net.tflite');
      const bytes = randomBytes(60, 1);
      const node = model.nodes[steps.length - 1];
      const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs: [node.name] });
      const runner = new FloatRunner(graph);
      const exact = new Map<string, Float32Array>();
      const image = dequantizeArray(bytes, model.input.quantization);
      runner.layers(image, [1, 5, 4, 3], (name, values) => exact.set(name, values.slice()));
      const { scale, zeroPoint } = node.output.quantization;
      const [least, most] = [0 - scale * zeroPoint, scale * (255 - zeroPoint)];
      plan
        .run(bytes)
        .get(node.name)!
        .forEach((byte, at) => {
          const value = Math.max(least, Math.min(most, exact.get(node.name)![at]));
          const received = scale * (byte - zeroPoint);
          assert.ok(Math.abs(value - received) < 3 * scale, `${title}: ${value}, ${received}`);
        });
      runner.dispose();
    });
  }
});
