import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { fromBufferPromise } from 'yauzl';
import { TFLITE, TFLITE_INT8 } from '../../../quantize/export/tflite/tflite.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { randomModels, withChannelScales, withSymmetricWeights } from '../model/random_models.ts';
import { readTflite } from './read_tflite.ts';
import { MODEL, modelOf, sourceOf, twoOutputs } from './support.ts';

async function tfliteOf(model: Tf8Model): Promise<Uint8Array> {
  const [file, ...others] = TFLITE.encode(await sourceOf(model));
  assert.deepEqual([file.name, others.length], ['model', 0]);
  return file.bytes;
}

const read = async (model: Tf8Model) => readTflite(await tfliteOf(model));
const { recognizes, read: decode } = TFLITE.reader!;

// Numbers of BuiltinOperator and its options, of ActivationFunctionType and Padding in schema.fbs.
const CONCATENATION = 2;
const CONV_2D = 3;
const DEPTHWISE_CONV_2D = 4;
const FULLY_CONNECTED = 9;
const PAD = 34;
const TRANSPOSE_CONV = 67;
const RESIZE_BILINEAR = 23;
const RESIZE_NEAREST_NEIGHBOR = 97;
const RESHAPE = 22;
const CAST = 53;
const PRELU = 54;
const [NONE, RELU, RELU6] = [0, 1, 3];
const [SAME, VALID] = [0, 1];

describe('TFLITE.encode', () => {
  it('writes tensors with the shapes, types, parameters and bytes of the model', async () => {
    const { tensors, identifier, version } = await read(modelOf({}));
    assert.deepEqual([identifier, version], ['TFL3', 3]);
    const [UINT8, INT32] = [3, 2];
    const {
      data: weights,
      scales: _,
      zeroPoints: __,
      axis: ___,
      ...filter
    } = tensors.get('node_0/weights')!;
    assert.deepEqual(filter, {
      name: 'node_0/weights',
      shape: [2, 4, 4, 1],
      type: UINT8,
      scale: 0.25,
      zeroPoint: 7,
    });
    // [O, kh, kw, I] of [kh, kw, I, O]
    assert.deepEqual([...weights.subarray(14, 18)], [28, 30, 1, 3]);
    const bias = tensors.get('node_0/bias')!;
    assert.deepEqual(
      [bias.type, bias.shape, bias.scale, bias.zeroPoint],
      [INT32, [2], 0.125 * 0.25, 0],
    );
    assert.deepEqual([...bias.data], [5, 0, 0, 0, 250, 255, 255, 255]);
    const output = tensors.get('node_0')!;
    assert.deepEqual(
      [output.type, output.shape, output.scale, output.zeroPoint],
      [UINT8, [1, 1, 1, 2], 0.5, 10],
    );
  });

  it('takes an image and gives the logits [1, classes]', async () => {
    const { inputs, outputs, tensors } = await read(modelOf({}));
    assert.deepEqual([inputs, outputs], [['image'], ['logits']]);
    assert.deepEqual(tensors.get('image')!.shape, [1, 4, 4, 1]);
    assert.deepEqual(tensors.get('logits')!.shape, [1, 2]);
  });

  it('gives every output of a model with several: a vector as [1, C], an image as it is', async () => {
    const { outputs, tensors } = await read(twoOutputs());
    assert.deepEqual(outputs, ['node_1/output', 'node_0']);
    assert.deepEqual(tensors.get('node_1/output')!.shape, [1, 2]);
    assert.deepEqual(tensors.get('node_0')!.shape, [1, 2, 2, 2]);
  });

  it('calls its output otherwise where a node has the name', async () => {
    const { outputs } = await read(modelOf({ name: 'logits' }));
    assert.deepEqual(outputs, ['logits_']);
  });

  it('writes every operator in version 1, that of uint8, except TRANSPOSE_CONV, whose biases are of version 4', async () => {
    const { operators } = await read(MODEL);
    const versions = operators.map(({ code, version }) => (code === 67 ? version - 3 : version));
    assert.deepEqual([...new Set(versions)], [1]);
  });

  it('fuses ReLU and ReLU6', async () => {
    const output = { shape: [1, 1, 2] as const, quantization: { scale: 0.5, zeroPoint: 10 } };
    for (const [activation, number] of [
      ['linear', NONE],
      ['relu', RELU],
      ['relu6', RELU6],
    ] as const) {
      const { operators } = await read(modelOf({ activation, output }));
      assert.equal(operators[0].options.int8(3), number, activation);
    }
  });

  it('refuses a bound that lies halfway between two bytes, where runtimes round otherwise', async () => {
    // 6 / 4 = 1.5: our rule makes 2 + 1 of it, rounding the sum 2.5 makes 2.
    const output = { shape: [1, 1, 2] as const, quantization: { scale: 4, zeroPoint: 1 } };
    const model = modelOf({ activation: 'relu6', output });
    await assert.rejects(tfliteOf(model), {
      name: 'QuantizationError',
      message:
        'Expected an activation of TFLite that keeps node_0 in [1, 3] but relu6 at scale 4 has a bound that rounds otherwise there',
    });
  });

  it('names the padding "same" and "valid" where it is that, and pads by an operator where not', async () => {
    const window = { shape: [3, 3, 1, 1] as const, data: new Uint8Array(9) };
    const weights = { ...window, quantization: { scale: 0.25, zeroPoint: 7 } };
    const quantization = { scale: 0.5, zeroPoint: 10 };
    const first = { weights, bias: Int32Array.of(0) };
    const padded = (size: number, top: number, bottom: number, strides: [number, number]) =>
      read(
        modelOf(
          {
            ...first,
            strides,
            output: { shape: [size, size, 1], quantization },
            padding: { top, bottom, left: top, right: bottom },
          },
          {
            name: 'last',
            weights: {
              data: new Uint8Array(size * size * 2),
              shape: [size, size, 1, 2],
              quantization,
            },
          },
        ),
      );
    const same = (await padded(4, 1, 1, [1, 1])).operators[0];
    assert.deepEqual([same.code, same.options.int8(0)], [CONV_2D, SAME]);
    const valid = (await padded(2, 0, 0, [1, 1])).operators[0];
    assert.deepEqual([valid.code, valid.options.int8(0)], [CONV_2D, VALID]);
    // "same" at stride 2 has its row below: this one is above.
    const { operators, tensors } = await padded(2, 1, 0, [2, 2]);
    assert.deepEqual([operators[0].code, operators[1].options.int8(0)], [PAD, VALID]);
    assert.deepEqual(tensors.get('node_0/padded')!.shape, [1, 5, 5, 1]);
    const amounts = tensors.get('node_0/padded/amounts')!.data;
    assert.deepEqual([...new Int32Array(amounts.buffer)], [0, 0, 1, 0, 1, 0, 0, 0]);
  });

  it('refuses a padding that a pool of TFLite does not have', async () => {
    const { nodes, ...model } = modelOf({});
    const pool = {
      op: 'maxPool2d' as const,
      name: 'pool',
      inputs: ['image'],
      windowShape: [2, 2] as const,
      strides: [1, 1] as const,
      padding: { top: 1, bottom: 0, left: 0, right: 0 },
      output: { shape: [4, 3, 1] as const, quantization: model.input.quantization },
    };
    const weights = {
      ...nodes[0].weights,
      shape: [4, 3, 1, 2] as const,
      data: new Uint8Array(24),
    };
    const last = { ...nodes[0], inputs: ['pool'], weights } as Tf8Model['nodes'][number];
    await assert.rejects(tfliteOf({ ...model, nodes: [pool, last] }), {
      name: 'QuantizationError',
      message:
        'Expected padding "same" or "valid" in pool, the only ones of TFLite\'s pools, but received {"top":1,"bottom":0,"left":0,"right":0}',
      remedy: 'Export to onnx, whose pools have any padding.',
    });
  });

  it('gives a depthwise convolution its multiplier and the batch to reshapes', async () => {
    const { operators } = await read(MODEL);
    const depthwise = operators.find(
      ({ code, outputs }) => code === DEPTHWISE_CONV_2D && outputs[0].startsWith('depthwiseConv2d'),
    )!;
    const node = MODEL.nodes.find(({ op }) => op === 'depthwiseConv2d')!;
    assert.ok('weights' in node);
    assert.equal(depthwise.options.int32(3), node.weights.shape[3]);
    assert.ok(operators.some(({ code }) => code === FULLY_CONNECTED));
    assert.deepEqual(operators.at(-1)!.options.int32s(0), [
      -1,
      MODEL.nodes.at(-1)!.output.shape[2],
    ]);
  });

  it('brings the inputs of a concatenation to one scale by a convolution of ones', async () => {
    const { operators, tensors } = await read(MODEL);
    const concatenation = operators.find(({ code }) => code === CONCATENATION)!;
    const [joined] = concatenation.outputs;
    for (const name of concatenation.inputs) {
      const { scale, zeroPoint } = tensors.get(name)!;
      assert.deepEqual(
        { scale, zeroPoint },
        { scale: tensors.get(joined)!.scale, zeroPoint: tensors.get(joined)!.zeroPoint },
      );
    }
    const requantization = operators.find(({ outputs }) => outputs[0] === concatenation.inputs[0])!;
    const [, ones] = requantization.inputs;
    assert.equal(requantization.code, DEPTHWISE_CONV_2D);
    assert.ok(tensors.get(ones)!.data.every((weight) => weight === 1));
    assert.deepEqual([tensors.get(ones)!.scale, tensors.get(ones)!.zeroPoint], [1, 0]);
  });

  it('appends the labels as an associated file, with a name for the background', async () => {
    const file = await tfliteOf(modelOf({}));
    const zip = await fromBufferPromise(Buffer.from(file), { lazyEntries: true });
    const entry = (await zip.eachEntry()[Symbol.asyncIterator]().next()).value!;
    assert.equal(entry.fileName, 'labels.txt');
    const content = await buffer(await zip.openReadStreamPromise(entry));
    assert.equal(content.toString(), 'background\ncat\n');
    assert.deepEqual(readTflite(file).metadata, ['TFLITE_METADATA', 'TF8_HEAD']);
  });

  it('appends nothing where the model has not a name for each output', async () => {
    const file = await tfliteOf({ ...modelOf({}), classNames: [] });
    await assert.rejects(fromBufferPromise(Buffer.from(file)));
  });

  it('refuses two tensors of one name', async () => {
    const model = modelOf({
      weights: {
        data: new Uint8Array(16),
        shape: [4, 4, 1, 1],
        quantization: { scale: 0.25, zeroPoint: 7 },
      },
      bias: Int32Array.of(0),
      output: { shape: [1, 1, 1], quantization: { scale: 0.5, zeroPoint: 10 } },
      name: 'a',
    });
    const [first] = model.nodes as [Tf8Model['nodes'][number] & { op: 'conv2d' }];
    const second = {
      ...first,
      name: 'a/weights',
      inputs: ['a'],
      weights: { ...first.weights, shape: [1, 1, 1, 1] as const, data: new Uint8Array(1) },
    };
    await assert.rejects(tfliteOf({ ...model, nodes: [first, second] }), {
      name: 'QuantizationError',
      message: 'Expected tensors of different names but two are called "a/weights"',
    });
  });
});

describe('TFLITE_INT8', () => {
  const int8Of = async (model: Tf8Model) => TFLITE_INT8.encode(await sourceOf(model))[0].bytes;

  it('writes the same numbers less 128, and one scale a channel', async () => {
    const model = withChannelScales(modelOf({}));
    const { tensors, operators } = readTflite(await int8Of(model));
    const unsigned = await read(withSymmetricWeights(modelOf({})));
    const [INT8, INT32] = [9, 2];
    for (const [name, { type, data, zeroPoints }] of tensors) {
      const other = unsigned.tensors.get(name)!;
      if (type === INT32) continue;
      assert.equal(type, INT8, name);
      assert.deepEqual(
        data,
        other.data.map((byte) => byte ^ 128),
        name,
      );
      for (const zero of zeroPoints) assert.equal(zero, other.zeroPoint! - 128, name);
    }
    const { scales, axis } = tensors.get('node_0/weights')!;
    assert.deepEqual([scales.length, axis], [2, 0]);
    assert.deepEqual(
      tensors.get('node_0/bias')!.scales,
      scales.map((scale) => Math.fround(0.125 * scale)),
    );
    const versions = new Map(operators.map(({ code, version }) => [code, version]));
    assert.equal(versions.get(CONV_2D), 3);
  });

  it('writes every operator in a version that has int8', async () => {
    const { operators } = readTflite(await int8Of(withSymmetricWeights(MODEL)));
    // lite/tools/versioning/op_version.cc: the operators whose int8 is of another version than 2.
    const versions: Readonly<Record<number, number>> = {
      [CONV_2D]: 3,
      [DEPTHWISE_CONV_2D]: 3,
      [FULLY_CONNECTED]: 4,
      [TRANSPOSE_CONV]: 4,
      [RESIZE_BILINEAR]: 3,
      [RESIZE_NEAREST_NEIGHBOR]: 3,
      [RESHAPE]: 1,
      [CAST]: 1,
      [PRELU]: 1,
    };
    for (const { code, version } of operators) {
      assert.equal(version, versions[code] ?? 2, `operator ${code}`);
    }
  });

  it('makes a mean over an even number of positions by a convolution, whose ties go up', async () => {
    const model = withSymmetricWeights(modelOf({}));
    const { quantization } = model.input;
    const pool = { op: 'globalAveragePool' as const, name: 'pool', inputs: ['image'] };
    const shape = [1, 1, 1] as const;
    const nodes = [{ ...pool, output: { shape, quantization } }];
    const { operators, tensors } = readTflite(await int8Of({ ...model, nodes }));
    assert.equal(operators[0].code, DEPTHWISE_CONV_2D);
    const { data, scale } = tensors.get('pool/shares')!;
    assert.deepEqual([data.length, data[0], scale], [16, 2, 1 / 32]);
    assert.deepEqual([...tensors.get('pool/half')!.data], [1, 0, 0, 0]);
  });

  it('gives the TF8 file back byte for byte', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(withSymmetricWeights, withChannelScales),
        randomModels({ withEveryOp: true }),
        async (change, random) => {
          const model = change(random);
          const file = await int8Of(model);
          const { recognizes, read } = TFLITE_INT8.reader!;
          assert.ok(recognizes(file) && !TFLITE.reader!.recognizes(file));
          assert.deepEqual(await encodeTf8(await read(file, 'm.tflite')), await encodeTf8(model));
        },
      ),
      { numRuns: 20 },
    ));

  it('refuses weights whose zero point is not 0', async () => {
    await assert.rejects(int8Of(modelOf({})), {
      name: 'QuantizationError',
      message: /^Expected symmetric weights of node_0, .* zero point 0 .*, but theirs is -121$/,
      remedy: /per-channel.*export to tflite/,
    });
  });

  it('TFLITE refuses one scale a channel, which uint8 has not', async () => {
    await assert.rejects(tfliteOf(withChannelScales(modelOf({}))), {
      name: 'QuantizationError',
      message: /^Expected one scale for the weights of node_0, .* but it has 2$/,
      remedy: 'Export to tflite-int8.',
    });
  });
});

describe('TFLITE.reader', () => {
  it('gives the TF8 file back byte for byte', () =>
    fc.assert(
      fc.asyncProperty(randomModels({ withEveryOp: true }), async (model) => {
        const file = await tfliteOf(model);
        assert.ok(recognizes(file));
        assert.deepEqual(await encodeTf8(await decode(file, 'm.tflite')), await encodeTf8(model));
      }),
      { numRuns: 20 },
    ));

  it('refuses a file whose weights were changed', async () => {
    const file = await tfliteOf(modelOf({}));
    const weights = [0, 2, 4, 6, 8, 10, 12, 14];
    const at = Buffer.from(file).indexOf(Buffer.from(weights));
    file[at] += 1;
    await assert.rejects(decode(file, 'm.tflite'), {
      name: 'QuantizationError',
      message: /^m\.tflite is not a sound TF8 file: its content does not match its SHA-256/,
    });
  });

  it('refuses weights of another length', async () => {
    const other = await tfliteOf(modelOf({ name: 'another' }));
    const text = Buffer.from(other)
      .toString('latin1')
      .replace('another/weights', 'anotherxweights');
    await assert.rejects(decode(Buffer.from(text, 'latin1'), 'm.tflite'), {
      name: 'QuantizationError',
      message: 'Expected 32 bytes of another/weights in m.tflite but received 0',
    });
  });

  it('refuses a .tflite file that tf8 did not export', async () => {
    const file = await tfliteOf(modelOf({}));
    const text = Buffer.from(file).toString('latin1').replace('TF8_HEAD', 'TF8_NONE');
    await assert.rejects(decode(Buffer.from(text, 'latin1'), 'm.tflite'), {
      name: 'QuantizationError',
      message: 'Expected a .tflite file that tf8 exported but m.tflite has no metadata "TF8_HEAD"',
      remedy: 'Export the TF8 model in the format tflite.',
    });
  });
});
