import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { type FloatGraph, floatGraph } from '../../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../../../architectures/graph/float_runner.ts';
import { ModelProtoSchema } from '../../../../foundation/onnx/generated/onnx_pb.ts';
import {
  ENCODINGS,
  ENCODINGS_1,
  ENCODINGS_2,
} from '../../../../quantize/export/encodings/encodings.ts';
import type { FloatWeights } from '../../../../quantize/export/export_format.ts';
import { permuteFloats } from '../../../../quantize/export/tensor_layout.ts';
import { exportedOutputs } from '../../../../quantize/export/tensor_names.ts';
import {
  isWeighted,
  outputNode,
  type Tf8Model,
  tensorSpecs,
} from '../../../../quantize/model/tf8_model.ts';
import { concatAxis } from '../../../../quantize/ops/concat.ts';
import type { RearrangeNode } from '../../../../quantize/ops/rearrange.ts';
import { dequantizeArray } from '../../../../quantize/params/quantization.ts';
import { dequantizeWeights, weightScale } from '../../../../quantize/params/weight_quantization.ts';
import { randomBytes } from '../../kernels/make_call.ts';
import { randomModels, withChannelScales } from '../../model/random_models.ts';
import { runOnnx } from '../run_onnx.ts';
import { MODEL, modelOf, sourceOf } from '../support.ts';

/** The real numbers that a model's weights and biases stand for. */
function floatWeightsOf(model: Tf8Model): ReadonlyMap<string, FloatWeights> {
  const specs = tensorSpecs(model);
  return new Map(
    model.nodes.filter(isWeighted).map(({ name, inputs, weights, bias }) => {
      const scale = specs.get(inputs[0])!.quantization.scale * weightScale(weights.quantization, 0);
      return [
        name,
        {
          kernel: dequantizeWeights(weights.data, weights.quantization),
          bias: Float32Array.from(bias, (value) => value * scale),
        },
      ] as const;
    }),
  );
}

/** Vectors are images of one pixel. */
const KEEP_DIMS = { keepDims: true };

/** The float network that a model with these weights is quantized from. */
function floatGraphOf(
  model: Tf8Model,
  floatWeights: ReadonlyMap<string, FloatWeights>,
): FloatGraph {
  const nodes = model.nodes.map((node): FloatNode => {
    if (node.op === 'concat') return { ...node, axis: concatAxis(node) - 3 };
    if (node.op === 'rearrange') return floatNodeOf(node);
    if (node.op === 'lookup') {
      const { function: f, table: _, ...rest } = node;
      assert.ok(typeof f !== 'string');
      const activation = { kind: 'relu', ...f, max: f.max ?? Infinity } as const;
      return { ...rest, op: 'activation', activation };
    }
    if (node.op === 'resize') {
      const [height, width] = node.output.shape;
      return { ...node, size: [height, width] };
    }
    if (node.op === 'prelu') {
      const { alpha, ...rest } = node;
      const slopes = dequantizeArray(alpha.data, alpha.quantization);
      return { ...rest, alpha: slopes, alphaShape: alpha.shape };
    }
    if (node.op === 'globalAveragePool') return { ...node, ...KEEP_DIMS };
    if (!isWeighted(node)) return node;
    const kernelShape = node.weights.shape;
    const keepDims = node.op === 'fullyConnected' && KEEP_DIMS;
    return { ...node, ...floatWeights.get(node.name)!, kernelShape, ...keepDims };
  });
  const { name, input } = model;
  return floatGraph({ name, nodes, input, outputs: [outputNode(model).name] });
}

/** What a rearrangement is in float; rows and columns that come several times are resized. */
function floatNodeOf({ name, inputs, arrangement, output: { shape } }: RearrangeNode): FloatNode {
  const base = { name, inputs };
  switch (arrangement.kind) {
    case 'pad':
      return { ...base, op: 'pad', padding: arrangement.padding };
    case 'slice':
      return { ...base, op: 'slice', ...arrangement, size: shape };
    case 'transpose':
      return { ...base, op: 'transpose', permutation: arrangement.permutation };
    case 'reshape':
      return { ...base, op: 'reshape', target: shape };
    case 'depthToSpace':
    case 'spaceToDepth':
      return { ...base, op: arrangement.kind, block: arrangement.block };
    case 'repeat':
      return {
        ...base,
        op: 'resize',
        size: [shape[0], shape[1]],
        method: 'nearest',
        corners: 'halfPixel',
      };
  }
}

async function filesOf(model: Tf8Model, floatWeights?: ReadonlyMap<string, FloatWeights>) {
  const source = { ...(await sourceOf(model)), ...(floatWeights && { floatWeights }) };
  const [encodings, network, ...others] = ENCODINGS.encode(source);
  assert.deepEqual([encodings.name, others.length], ['model', 0]);
  return { json: JSON.parse(new TextDecoder().decode(encodings.bytes)), network };
}

describe('the export to encodings', () => {
  let backend: string;

  // TensorFlow's depthwise convolution takes no two different strides.
  before(async () => {
    await tf.ready();
    backend = tf.getBackend();
    await tf.setBackend('cpu');
  });

  after(() => tf.setBackend(backend));

  it('has the parameters of activations and weights in the form of AIMET 0.6.1', async () => {
    const { json } = await filesOf(modelOf({}));
    const common = { bitwidth: 8, dtype: 'int', is_symmetric: 'False' };
    const output = { min: -5, max: 122.5, scale: 0.5, offset: -10, ...common };
    assert.deepEqual(json, {
      version: '0.6.1',
      activation_encodings: {
        image: [{ min: -0.375, max: 31.5, scale: 0.125, offset: -3, ...common }],
        node_0: [output],
        logits: [output],
      },
      param_encodings: {
        'node_0/weights': [{ min: -1.75, max: 62, scale: 0.25, offset: -7, ...common }],
      },
    });
  });

  const jsonOf = async (format: typeof ENCODINGS, model: Tf8Model) =>
    JSON.parse(new TextDecoder().decode(format.encode(await sourceOf(model))[0].bytes));

  it('has lists of encodings in version 1.0.0, an array of scales where each channel has one', async () => {
    const json = await jsonOf(ENCODINGS_1, modelOf({}));
    const common = { enc_type: 'PER_TENSOR', dtype: 'INT', bw: 8, is_sym: false };
    const output = { ...common, scale: [0.5], offset: [-10] };
    assert.deepEqual(json, {
      version: '1.0.0',
      activation_encodings: [
        { name: 'image', ...common, scale: [0.125], offset: [-3] },
        { name: 'node_0', ...output },
        { name: 'logits', ...output },
      ],
      param_encodings: [{ name: 'node_0/weights', ...common, scale: [0.25], offset: [-7] }],
      quantizer_args: {
        activation_bitwidth: 8,
        param_bitwidth: 8,
        dtype: 'int',
        is_symmetric: false,
        per_channel_quantization: false,
        quant_scheme: 'post_training_tf',
      },
      excluded_layers: [],
    });
    const { param_encodings, quantizer_args } = await jsonOf(
      ENCODINGS_1,
      withChannelScales(modelOf({})),
    );
    const [{ enc_type, is_sym, scale, offset }] = param_encodings;
    assert.deepEqual([enc_type, is_sym, offset], ['PER_CHANNEL', true, [-128, -128]]);
    assert.equal(scale.length, 2);
    assert.ok(quantizer_args.per_channel_quantization && quantizer_args.is_symmetric);
  });

  it('has the fields of QuantizeLinear in version 2.0.0, symmetric weights as int8, biases as int32', async () => {
    const { version, encodings } = await jsonOf(ENCODINGS_2, modelOf({}));
    assert.equal(version, '2.0.0');
    const output = { output_dtype: 'uint8', y_scale: 0.5, y_zero_point: 10 };
    assert.deepEqual(encodings, [
      { name: 'image', output_dtype: 'uint8', y_scale: 0.125, y_zero_point: 3 },
      { name: 'node_0', ...output },
      { name: 'logits', ...output },
      { name: 'node_0/weights', output_dtype: 'uint8', y_scale: 0.25, y_zero_point: 7 },
      { name: 'node_0/bias', output_dtype: 'int32', y_scale: 0.125 * 0.25 },
    ]);
    const channels = await jsonOf(ENCODINGS_2, withChannelScales(modelOf({})));
    const [weights, bias] = channels.encodings.slice(-2);
    assert.deepEqual(
      [weights.output_dtype, weights.axis, weights.y_zero_point],
      ['int8', 0, undefined],
    );
    assert.deepEqual([weights.y_scale.length, bias.y_scale.length, bias.axis], [2, 2, 0]);
  });

  it('has no negative zero', async () => {
    const model = modelOf({});
    const quantization = { scale: 1, zeroPoint: 0 };
    const { json } = await filesOf({ ...model, input: { ...model.input, quantization } });
    const [{ min, offset }] = json.activation_encodings.image;
    assert.ok(Object.is(min, 0) && Object.is(offset, 0));
  });

  it('leaves the float network out where its weights are not there', async () => {
    assert.equal((await filesOf(MODEL)).network, undefined);
  });

  it('has the float network in ONNX, whose tensors have the names of the encodings', async () => {
    const { json, network } = await filesOf(MODEL, floatWeightsOf(MODEL));
    assert.equal(network.name, 'model.onnx');
    const { graph } = fromBinary(ModelProtoSchema, network.bytes);
    const made = new Set(graph!.node.map(({ output }) => output[0]));
    const constants = new Set(graph!.initializer.map(({ name }) => name));
    const activations = Object.keys(json.activation_encodings);
    assert.deepEqual(
      activations.filter((name) => !made.has(name)),
      [MODEL.input.name],
    );
    assert.deepEqual(
      Object.keys(json.param_encodings).filter((name) => !constants.has(name)),
      [],
    );
    const [input] = graph!.input;
    assert.equal(input.name, MODEL.input.name);
    assert.deepEqual([graph!.output.map(({ name }) => name)], [[exportedOutputs(MODEL)[0].name]]);
  });

  it('computes in ONNX what the float network computes', () =>
    fc.assert(
      fc.asyncProperty(randomModels({ withEveryOp: true }), async (model) => {
        const weights = floatWeightsOf(model);
        const { network } = await filesOf(model, weights);
        const [height, width, channels] = model.input.shape;
        const image = dequantizeArray(
          randomBytes(height * width * channels, 5),
          model.input.quantization,
        );
        const nchw = permuteFloats(image, [1, height, width, channels], [0, 3, 1, 2]);
        const tensors = runOnnx(fromBinary(ModelProtoSchema, network.bytes), nchw);
        const runner = new FloatRunner(floatGraphOf(model, weights));
        runner.layers(image, [1, height, width, channels], (name, ours) => {
          if (name === model.input.name) return;
          const { shape, values } = tensors.get(name)!;
          const theirs = permuteFloats(Float32Array.from(values), shape, [0, 2, 3, 1]);
          assert.equal(theirs.length, ours.length);
          const largest = Math.max(1, ...ours.map(Math.abs));
          for (const [index, value] of ours.entries()) {
            assert.ok(Math.abs(theirs[index] - value) <= 1e-4 * largest, `${name} at ${index}`);
          }
        });
        runner.dispose();
        assert.equal(
          tensors.get(exportedOutputs(model)[0].name)!.values.length,
          outputNode(model).output.shape[2],
        );
      }),
      { numRuns: 20 },
    ));

  it('refuses float weights that lack a node', async () => {
    await assert.rejects(filesOf(modelOf({}), new Map()), {
      name: 'QuantizationError',
      message: 'Expected the float weights of node_0 but received none',
    });
  });
});
