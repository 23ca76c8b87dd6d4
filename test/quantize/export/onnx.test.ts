import assert from 'node:assert/strict';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from '../../../foundation/onnx/generated/onnx_pb.ts';
import { ONNX, ONNX_INT8, withOutputs } from '../../../quantize/export/onnx/onnx.ts';
import { permuteAxes } from '../../../quantize/export/tensor_layout.ts';
import { exportedOutputs } from '../../../quantize/export/tensor_names.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { isWeighted, type Tf8Model, type Tf8Node } from '../../../quantize/model/tf8_model.ts';
import { PROBABILITIES, softmaxPowers } from '../../../quantize/params/softmax.ts';
import type { WeightQuantization } from '../../../quantize/params/weight_quantization.ts';
import { NO_PADDING } from '../../../quantize/params/window.ts';
import { runIndependently } from '../execute/independent_model.ts';
import { randomBytes } from '../kernels/make_call.ts';
import {
  randomModels,
  randomModelsOfOutputs,
  randomScales,
  withoutSums,
} from '../model/random_models.ts';
import { runOnnx } from './run_onnx.ts';
import { MODEL, modelOf, sourceOf, twoOutputs } from './support.ts';

async function onnxOf(model: Tf8Model, format = ONNX): Promise<Uint8Array> {
  const [file, ...others] = format.encode(await sourceOf(model));
  assert.deepEqual([file.name, others.length], ['model', 0]);
  return file.bytes;
}

const parse = async (model: Tf8Model, format = ONNX) =>
  fromBinary(ModelProtoSchema, await onnxOf(model, format));
const { recognizes, read: decode } = ONNX.reader!;

/** With powers of two as scales, real numbers are exact in single and in double precision alike. */
function withBinaryScales(model: Tf8Model): Tf8Model {
  const rounded = (scale: number) => 2 ** Math.round(Math.log2(scale));
  const binary = <T extends { readonly quantization: WeightQuantization }>(spec: T): T => {
    const { quantization } = spec;
    const scales =
      'scales' in quantization
        ? { scales: quantization.scales.map(rounded) }
        : { scale: rounded(quantization.scale) };
    return { ...spec, quantization: { ...scales, zeroPoint: quantization.zeroPoint } };
  };
  return {
    ...model,
    input: binary(model.input),
    nodes: model.nodes.map((node) =>
      isWeighted(node)
        ? { ...node, output: binary(node.output), weights: binary(node.weights) }
        : { ...node, output: binary(node.output) },
    ),
  };
}

/** Bytes of a tensor that ONNX has as [1, C, H, W]; `offset`: what int8 is less. */
function layerBytes(tensors: ReturnType<typeof runOnnx>, name: string, offset = 0): Uint8Array {
  const { shape, values } = tensors.get(name)!;
  return permuteAxes(
    Uint8Array.from(values, (value) => value + offset),
    shape,
    [0, 2, 3, 1],
  );
}

/** A pool over an image of the given sides, and a layer that makes logits of it. */
function pooled(height: number, width: number): Tf8Model {
  const model = modelOf({});
  const shape = [height, width, 1] as const;
  const { quantization } = model.input;
  const pool = { op: 'globalAveragePool' as const, name: 'pool', inputs: ['image'] };
  const weights = { ...model.nodes[0].weights, shape: [1, 1, 1, 2] as const };
  return {
    ...model,
    input: { ...model.input, shape },
    nodes: [
      { ...pool, output: { shape: [1, 1, 1], quantization } },
      {
        ...model.nodes[0],
        inputs: ['pool'],
        weights: { ...weights, data: Uint8Array.of(9, 5) },
      },
    ],
  };
}

/** An image [2, 2, 3] and what a pool of one position makes of it, added or subtracted. */
function sumOf(op: 'add' | 'subtract', other: number, scale: number, zeroPoint: number): Tf8Model {
  const shape = [2, 2, 3] as const;
  const quantization = { scale: 0.125, zeroPoint: 3 };
  const one = { windowShape: [1, 1], strides: [1, 1], padding: NO_PADDING } as const;
  const { input, nodes, ...rest } = MODEL;
  return {
    ...rest,
    input: { ...input, shape, quantization },
    nodes: [
      {
        op: 'concat',
        name: 'same',
        inputs: [input.name],
        output: { shape, quantization: { scale: other, zeroPoint: 90 } },
      },
      {
        op: 'maxPool2d',
        name: 'pool',
        inputs: ['same'],
        ...one,
        output: { shape, quantization: { scale: other, zeroPoint: 90 } },
      },
      {
        op,
        name: 'sum',
        inputs: [input.name, 'pool'],
        activation: 'linear',
        output: { shape, quantization: { scale: scale, zeroPoint } },
      },
      {
        op: 'globalAveragePool',
        name: 'logits',
        inputs: ['sum'],
        output: { shape: [1, 1, 3], quantization: { scale: scale, zeroPoint } },
      },
    ],
  };
}

describe('ONNX.encode', () => {
  it('writes a model of opset 13 that takes an image and gives the logits, in bytes', async () => {
    const { irVersion, opsetImport, graph } = await parse(modelOf({}));
    assert.deepEqual([irVersion, opsetImport[0].version], [7n, 13n]);
    const described = [...graph!.input, ...graph!.output].map(({ name, type }) => {
      const { value } = type!.value as { value: { elemType: number; shape: ModelShape } };
      return [name, value.elemType, value.shape.dim.map((dim) => Number(dim.value.value))];
    });
    const UINT8 = 2;
    assert.deepEqual(described, [
      ['image', UINT8, [1, 4, 4, 1]],
      ['logits', UINT8, [1, 2]],
    ]);
  });

  it('gives every output of a model with several: a vector as [1, C], an image as [1, H, W, C]', async () => {
    const { graph } = await parse(twoOutputs());
    const outputs = graph!.output.map(({ name, type }) => {
      const { value } = type!.value as { value: { shape: ModelShape } };
      return [name, value.shape.dim.map((dim) => Number(dim.value.value))];
    });
    assert.deepEqual(outputs, [
      ['node_1/output', [1, 2]],
      ['node_0/output', [1, 2, 2, 2]],
    ]);
  });

  it('keeps weights as uint8 initializers and biases as int32 at scaleIn · scaleWeight', async () => {
    const { initializer } = (await parse(modelOf({}))).graph!;
    const constant = (name: string) => initializer.find((each) => each.name === name)!;
    const weights = constant('node_0/weights');
    assert.deepEqual([weights.dataType, weights.dims], [2, [2n, 1n, 4n, 4n]]);
    assert.deepEqual([...weights.rawData.subarray(0, 3)], [0, 2, 4]);
    const bias = constant('node_0/bias');
    assert.deepEqual(
      [bias.dataType, [...new Int32Array(bias.rawData.slice().buffer)]],
      [6, [5, -6]],
    );
    const scale = constant('node_0/bias/scale').rawData.slice().buffer;
    assert.equal(new Float32Array(scale)[0], 0.125 * 0.25);
  });

  it('transposes once, at the input, but for rearrangements', async () => {
    const { node } = (await parse(MODEL)).graph!;
    const transpositions = node.filter(
      ({ opType, input: [from] }) => opType === 'Transpose' && !from?.startsWith('rearrange_'),
    );
    assert.deepEqual(
      transpositions.map(({ input }) => input),
      [[MODEL.input.name]],
    );
  });

  it('means our bytes in every layer by the specification of ONNX alone, sums apart', () =>
    fc.assert(
      fc.asyncProperty(
        fc
          .oneof(randomModels({ withEveryOp: true }), randomModelsOfOutputs({ withEveryOp: true }))
          .map(withBinaryScales)
          .map(withoutSums),
        async (model) => {
          const [height, width, channels] = model.input.shape;
          const image = randomBytes(height * width * channels, 11);
          const expected = runIndependently(model, image, 1);
          const tensors = runOnnx(await parse(model), image);
          for (const { name } of model.nodes) {
            assert.deepEqual(layerBytes(tensors, name), expected.get(name), name);
          }
          for (const { node, name } of exportedOutputs(model)) {
            const { values } = tensors.get(name)!;
            assert.deepEqual(Uint8Array.from(values), expected.get(node), name);
          }
        },
      ),
      { numRuns: 25 },
    ));

  it('means our bytes less 128 as int8, and where weights have a scale a channel', () =>
    fc.assert(
      fc.asyncProperty(
        randomScales({ withEveryOp: true }).map(withBinaryScales).map(withoutSums),
        fc.boolean(),
        async (model, isSigned) => {
          const [height, width, channels] = model.input.shape;
          const image = randomBytes(height * width * channels, 12);
          const expected = runIndependently(model, image, 1);
          const [format, offset] = isSigned ? [ONNX_INT8, 128] : [ONNX, 0];
          const given = Float32Array.from(image, (byte) => byte - offset);
          const tensors = runOnnx(await parse(model, format), given);
          for (const { name } of model.nodes) {
            assert.deepEqual(layerBytes(tensors, name, offset), expected.get(name), name);
          }
        },
      ),
      { numRuns: 25 },
    ));

  it('means values between others, and probabilities, within one of our bytes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('halfPixel' as const, 'asymmetric' as const, 'aligned' as const),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        fc.nat(99),
        async (corners, [height, width], seed) => {
          const model = modelOf({});
          const { quantization } = model.input;
          const shape = [height, width, 1] as const;
          const nodes: Tf8Node[] = [
            {
              op: 'resize',
              name: 'resized',
              inputs: ['image'],
              method: 'bilinear',
              corners,
              output: { shape, quantization },
            },
            {
              op: 'rearrange',
              name: 'vector',
              inputs: ['image'],
              arrangement: { kind: 'reshape' },
              output: { shape: [1, 1, 16], quantization },
            },
            {
              op: 'softmax',
              name: 'shares',
              inputs: ['vector'],
              powers: softmaxPowers(quantization.scale),
              output: { shape: [1, 1, 16], quantization: PROBABILITIES },
            },
          ];
          const image = randomBytes(16, seed);
          const both = { ...model, nodes, outputs: ['resized', 'shares'] };
          const ours = runIndependently(both, image, 1);
          const tensors = runOnnx(await parse(both), image);
          for (const name of both.outputs) {
            const bytes = layerBytes(tensors, name);
            for (const [i, byte] of ours.get(name)!.entries()) {
              assert.ok(Math.abs(bytes[i] - byte) <= 1, `${name}: ${bytes[i]}, not ${byte}`);
            }
          }
        },
      ),
      { numRuns: 30 },
    ));

  it('means sums within one of our bytes: QuantizeLinear sends ties to the even byte', () => {
    const scale = fc.float({ min: Math.fround(0.01), max: 1, noNaN: true });
    return fc.assert(
      fc.asyncProperty(
        fc.constantFrom('add' as const, 'subtract' as const),
        fc.tuple(scale, scale, fc.integer({ min: 0, max: 255 })),
        async (op, [other, output, zeroPoint]) => {
          const model = sumOf(op, other, output, zeroPoint);
          const image = randomBytes(12, 7);
          const ours = runIndependently(model, image, 1).get('sum')!;
          const theirs = layerBytes(runOnnx(await parse(model), image), 'sum');
          for (const [i, byte] of ours.entries()) assert.ok(Math.abs(byte - theirs[i]) <= 1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('leaves it to QuantizeLinear where the bounds are 0 and 255, and clips where not', async () => {
    const quantized = async (zeroPoint: number) => {
      const output = { shape: [1, 1, 2] as const, quantization: { scale: 0.5, zeroPoint } };
      return (await parse(modelOf({ activation: 'relu', output }))).graph!;
    };
    const [plain, clipped] = [await quantized(0), await quantized(20)];
    assert.ok(plain.node.every(({ opType }) => opType !== 'Clip'));
    const clip = clipped.node.find(({ opType }) => opType === 'Clip')!;
    const [low, high] = clip.input.slice(1).map((name) => {
      return clipped.initializer.find((each) => each.name === name)!.rawData[0];
    });
    assert.deepEqual([clip.output, low, high], [['node_0'], 20, 255]);
  });

  it('sends the ties of averages up, as eq. 6 does, and leaves averages without ties alone', async () => {
    const even = await parse(pooled(2, 2));
    // Sums 2 and 6 of 4 positions: 0.5 and 1.5
    for (const [pixels, mean] of [
      [[1, 1, 0, 0], 1],
      [[2, 2, 1, 1], 2],
      [[255, 255, 254, 255], 255],
    ] as const) {
      const tensors = runOnnx(even, Uint8Array.from(pixels));
      assert.deepEqual([...Array.from(tensors.get('pool')!.values)], [mean]);
    }
    const odd = await parse(pooled(3, 3));
    assert.ok(odd.graph!.node.every(({ opType }) => opType !== 'Add'));
  });

  it('has the labels in its metadata', async () => {
    const { metadataProps } = await parse(modelOf({}));
    assert.deepEqual(
      metadataProps.map(({ key }) => key),
      ['TF8_HEAD', 'labels'],
    );
    assert.equal(metadataProps[1].value, 'background\ncat');
    const without = await parse({ ...modelOf({}), classNames: [] });
    assert.equal(without.metadataProps.length, 1);
  });
});

interface ModelShape {
  readonly dim: readonly { readonly value: { readonly value: unknown } }[];
}

describe('withOutputs', () => {
  it('adds tensors of bytes to the outputs of a copy', async () => {
    const copy = withOutputs(await onnxOf(modelOf({})), ['node_0'], 'm.onnx');
    const { output } = fromBinary(ModelProtoSchema, copy).graph!;
    assert.deepEqual(
      output.map(({ name }) => name),
      ['logits', 'node_0'],
    );
  });

  it('refuses what is no ONNX model', () => {
    assert.throws(() => withOutputs(Uint8Array.of(0x08, 0xff), [], 'm.onnx'), {
      name: 'QuantizationError',
      message: /^Expected an ONNX model but m\.onnx is none: /,
    });
  });
});

describe('ONNX.reader', () => {
  const changed = async (change: (model: ModelProto) => void) => {
    const model = await parse(modelOf({}));
    change(model);
    return toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
  };

  it('gives the TF8 file back byte for byte', () =>
    fc.assert(
      fc.asyncProperty(randomModels({ withEveryOp: true }), async (model) => {
        const file = await onnxOf(model);
        assert.ok(recognizes(file));
        assert.deepEqual(await encodeTf8(await decode(file, 'm.onnx')), await encodeTf8(model));
      }),
      { numRuns: 20 },
    ));

  it('refuses a file whose weights were changed', async () => {
    const file = await changed(({ graph }) => {
      const weights = graph!.initializer.find(({ name }) => name === 'node_0/weights')!;
      weights.rawData = weights.rawData.map((weight) => weight + 1);
    });
    await assert.rejects(decode(file, 'm.onnx'), {
      name: 'QuantizationError',
      message: /content does not match its SHA-256/,
    });
  });

  it('refuses weights of another shape', async () => {
    const file = await changed(({ graph }) => {
      graph!.initializer.find(({ name }) => name === 'node_0/weights')!.dims = [2n, 16n];
    });
    await assert.rejects(decode(file, 'm.onnx'), {
      name: 'QuantizationError',
      message: 'Expected 32 bytes of node_0/weights in m.onnx but received 32 of shape [2,16]',
    });
  });

  it('refuses a head that is not base64', async () => {
    const file = await changed(({ metadataProps }) => {
      metadataProps[0].value = '%';
    });
    await assert.rejects(decode(file, 'm.onnx'), {
      name: 'QuantizationError',
      message: 'Expected base64 as "TF8_HEAD" of m.onnx',
    });
  });

  it('refuses an .onnx file that tf8 did not export', async () => {
    const file = await changed((model) => {
      model.metadataProps = [];
    });
    await assert.rejects(decode(file, 'm.onnx'), {
      name: 'QuantizationError',
      message: 'Expected an .onnx file that tf8 exported but m.onnx has no metadata "TF8_HEAD"',
      remedy: 'Export the TF8 model in the format onnx.',
    });
  });
});
