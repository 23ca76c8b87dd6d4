import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema } from '../../../foundation/onnx/generated/onnx_pb.ts';
import { layerInTf8 } from '../../../quantize/analyze/layer_in_tf8.ts';
import { ONNX, ONNX_INT8 } from '../../../quantize/export/onnx/onnx.ts';
import { QONNX } from '../../../quantize/export/qonnx/qonnx.ts';
import { permuteAxes, permuteFloats } from '../../../quantize/export/tensor_layout.ts';
import { exportedOutputs } from '../../../quantize/export/tensor_names.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { type TensorSpec, type Tf8Model, tensorSpecs } from '../../../quantize/model/tf8_model.ts';
import { dequantizeArray } from '../../../quantize/params/quantization.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { randomScales, withChannelScales } from '../model/random_models.ts';
import { runOnnx } from './run_onnx.ts';
import { modelOf, sourceOf } from './support.ts';

const qonnxOf = async (model: Tf8Model) => QONNX.encode(await sourceOf(model))[0].bytes;

/** The bytes [H, W, C] that real numbers [1, C, H, W] stand for. */
function bytesOf(values: ArrayLike<number>, { shape, quantization }: TensorSpec): Uint8Array {
  const { scale, zeroPoint } = quantization;
  const [height, width, channels] = shape;
  const bytes = Uint8Array.from(values, (value) => {
    const byte = value / scale + zeroPoint;
    assert.ok(Math.abs(byte - Math.round(byte)) < 1e-3 && byte > -0.5 && byte < 255.5);
    return Math.round(byte);
  });
  return permuteAxes(bytes, [1, channels, height, width], [0, 2, 3, 1]);
}

describe('QONNX', () => {
  it('has a Quant node behind every operation and every weight, in the domain of QONNX', async () => {
    const { opsetImport, graph } = fromBinary(ModelProtoSchema, await qonnxOf(modelOf({})));
    assert.deepEqual(
      opsetImport.map(({ domain, version }) => [domain, version]),
      [
        ['', 13n],
        ['qonnx.custom_op.general', 1n],
      ],
    );
    const quants = graph!.node.filter(({ opType }) => opType === 'Quant');
    assert.deepEqual(
      quants.map(({ output }) => output[0]),
      ['image/quantized', 'node_0/weights/quantized', 'node_0/bias/quantized', 'node_0'],
    );
    for (const { domain } of quants) assert.equal(domain, 'qonnx.custom_op.general');
  });

  it('has signed weights with a scale for each channel where they are symmetric, narrow but with a −128', async () => {
    for (const [byte, narrow] of [
      [1, 1n],
      [0, 0n],
    ] as const) {
      const model = withChannelScales(modelOf({}));
      const [node] = model.nodes;
      assert.ok('weights' in node);
      node.weights.data.fill(1).set([byte], 3);
      const { graph } = fromBinary(ModelProtoSchema, await qonnxOf(model));
      const quant = graph!.node.find(({ output }) => output[0] === 'node_0/weights/quantized')!;
      const attributes = quant.attribute.map(({ name, i }) => [name, i]);
      assert.deepEqual(attributes.slice(0, 2), [
        ['signed', 1n],
        ['narrow', narrow],
      ]);
      const scale = graph!.initializer.find(({ name }) => name === 'node_0/weights/scale')!;
      assert.deepEqual(scale.dims, [2n, 1n, 1n, 1n]);
    }
  });

  it('computes by its specification what each layer makes of its inputs, within a step', () =>
    fc.assert(
      fc.asyncProperty(randomScales({ withEveryOp: true }), fc.nat(1000), async (model, seed) => {
        const { input } = model;
        const [height, width, channels] = input.shape;
        const pixels = randomBytes(height * width * channels, seed);
        const real = dequantizeArray(pixels, input.quantization);
        const image = permuteFloats(real, [1, height, width, channels], [0, 3, 1, 2]);
        const tensors = runOnnx(fromBinary(ModelProtoSchema, await qonnxOf(model)), image);
        const specs = tensorSpecs(model);
        const bytes = new Map([[input.name, pixels]]);
        for (const node of model.nodes) {
          const made = bytesOf(tensors.get(node.name)!.values, node.output);
          const alone = layerInTf8(model, node, specs, REFERENCE_KERNELS);
          const ours = alone.run(
            node.inputs.map((name) => bytes.get(name)!),
            1,
          );
          made.forEach((byte, i) => {
            assert.ok(Math.abs(byte - ours[i]) <= 1, `${node.name}: ${byte}, ${ours[i]}`);
          });
          bytes.set(node.name, made);
        }
        for (const { name } of exportedOutputs(model)) assert.ok(tensors.has(name));
      }),
      { numRuns: 15 },
    ));

  it('gives the TF8 file back byte for byte, and is no ONNX of bytes', () =>
    fc.assert(
      fc.asyncProperty(randomScales({ withEveryOp: true }), async (model) => {
        const file = await qonnxOf(model);
        const { recognizes, read } = QONNX.reader!;
        assert.ok(recognizes(file));
        for (const { reader } of [ONNX, ONNX_INT8]) assert.ok(!reader!.recognizes(file));
        assert.deepEqual(await encodeTf8(await read(file, 'm.onnx')), await encodeTf8(model));
      }),
      { numRuns: 15 },
    ));

  it('keeps biases that single precision does not hold', async () => {
    const model = modelOf({ bias: Int32Array.of(2 ** 25 + 1, -5) });
    const { read } = QONNX.reader!;
    assert.deepEqual(await read(await qonnxOf(model), 'm.onnx'), model);
  });

  it('refuses a file without a TF8 head, and one whose weights were changed', async () => {
    const file = await qonnxOf(modelOf({}));
    const model = fromBinary(ModelProtoSchema, file);
    const { read } = QONNX.reader!;
    const { toBinary } = await import('@bufbuild/protobuf');
    const headless = toBinary(ModelProtoSchema, { ...model, metadataProps: [] });
    await assert.rejects(read(headless, 'm.onnx'), /has no metadata "TF8_BIASES"/);
    const weights = model.graph!.initializer.find(({ name }) => name === 'node_0/weights')!;
    weights.dims = [2n, 1n, 4n, 2n];
    await assert.rejects(
      read(toBinary(ModelProtoSchema, model), 'm.onnx'),
      /Expected 32 numbers of node_0\/weights in m\.onnx but received 32 of shape \[2,1,4,2\]/,
    );
  });
});
