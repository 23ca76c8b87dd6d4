/**
 * QONNX: ONNX in real numbers, with a Quant node behind every operation and every weight; FINN, hls4ml and Brevitas
 * speak it. Specification of Quant, opset 1: docs/qonnx-custom-ops of https://github.com/fastmachinelearning/qonnx.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../../../foundation/onnx/generated/onnx_pb.ts';
import { byName } from '../../model/by_name.ts';
import {
  isWeighted,
  type Tf8Model,
  tensorSpecs,
  type WeightedNode,
} from '../../model/tf8_model.ts';
import type { LookupNode, ScalarFunction } from '../../ops/lookup.ts';
import type { Shape4 } from '../../ops/tensor.ts';
import { FileError } from '../../params/errors.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { BYTE_MAX, dequantizeArray } from '../../params/quantization.ts';
import { clamp, roundHalfEven } from '../../params/rounding.ts';
import { elements } from '../../params/shape.ts';
import {
  biasQuantization,
  dequantizeWeights,
  weightScale,
} from '../../params/weight_quantization.ts';
import { fromBase64, toBase64 } from '../base64.ts';
import { modelDescription } from '../description.ts';
import type { ExportFormat, ExportSource } from '../export_format.ts';
import { outputLabels } from '../labels.ts';
import { addFloatNode, isOnnxFunction } from '../onnx/float_onnx.ts';
import { floatTensor, INT32 } from '../onnx/graph.ts';
import { addOutputs, IR_VERSION, LABELS_KEY, OPSET, parseOnnx } from '../onnx/onnx.ts';
import { weightAxes } from '../onnx/operators.ts';
import { SIGNED_OFFSET } from '../signed_bytes.ts';
import { inverseOrder, permuteFloats } from '../tensor_layout.ts';
import { biasName, tableName, weightsName } from '../tensor_names.ts';
import {
  HEAD_NAME,
  type TakenWeights,
  tf8FromHead,
  tf8Head,
  type WeightedHead,
} from '../tf8_head.ts';
import { QUANT_DOMAIN, QuantGraph, quantizedName, quantParts } from './quant_graph.ts';

export const QONNX: ExportFormat = {
  name: 'qonnx',
  fileNames: (file) => [file],
  encode: (source) => [{ name: source.fileName, bytes: encodeQonnx(source) }],
  reader: { recognizes: isQonnx, read: decodeQonnx },
};

/**
 * An `.onnx` file with Quant nodes: input [1, C, H, W] in real numbers, outputs [1, C] of vectors, else [1, H, W, C].
 * The tensor of a node's name holds the real numbers that the node's bytes stand for, [1, C, H, W].
 */
function encodeQonnx({ model, tf8 }: ExportSource): Uint8Array {
  const graph = new QuantGraph();
  const { input, name } = model;
  const [height, width, channels] = input.shape;
  const specs = tensorSpecs(model);
  const image = `${input.name}/quantized`;
  graph.quant(input.name, image, input.quantization);
  const realName = (tensor: string) => (tensor === input.name ? image : tensor);
  for (const node of model.nodes) {
    const source = byName(specs, node.inputs[0]);
    const unquantized = `${node.name}/unquantized`;
    const renamed = { ...node, name: unquantized, inputs: node.inputs.map(realName) };
    if (renamed.op === 'lookup' && isGathered(renamed.function)) {
      addTable(graph, renamed, source.quantization);
    } else {
      const operands = (weighted: WeightedNode, own: Shape4, axes: readonly number[]) =>
        addWeights(graph, { ...weighted, name: node.name }, own, axes, source.quantization.scale);
      addFloatNode(graph, renamed, source, operands);
    }
    graph.quant(unquantized, node.name, node.output.quantization);
  }
  const outputs = addOutputs(graph, model);
  const labels = outputLabels(model);
  const metadataProps = [
    { key: HEAD_NAME, value: toBase64(tf8Head(tf8)) },
    { key: BIASES_KEY, value: toBase64(biasesOf(model)) },
    ...(labels === undefined ? [] : [{ key: LABELS_KEY, value: labels.join('\n') }]),
  ];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: QUANT_DOMAIN, version: 1n },
      ],
      producerName: 'tf8',
      docString: modelDescription(model),
      metadataProps,
      graph: create(GraphProtoSchema, {
        name,
        node: graph.nodes,
        initializer: graph.initializers,
        input: [floatTensor(input.name, [1, channels, height, width])],
        output: outputs.map((output) => floatTensor(output.name, output.shape)),
      }),
    }),
  );
}

/** Metadata with the biases as integers: single precision does not hold all of int32. */
const BIASES_KEY = 'TF8_BIASES';

/** Of all layers with weights, one after the other. */
function biasesOf({ nodes }: Tf8Model): Uint8Array {
  return littleEndian(Int32Array.from(nodes.filter(isWeighted).flatMap(({ bias }) => [...bias])));
}

/** The names of what a layer's weights and biases are quantized to; both are stored as real numbers. */
function addWeights(
  graph: QuantGraph,
  { name, weights, bias }: WeightedNode,
  own: Shape4,
  axes: readonly number[],
  scaleIn: number,
): readonly [string, string] {
  const stored = axes.map((axis) => own[axis]);
  const real = dequantizeWeights(weights.data, weights.quantization);
  const filter = weightsName(name);
  graph.constant(filter, 'float', stored, littleEndian(permuteFloats(real, own, axes)));
  const channelAxis = axes.indexOf(OUTPUT_AXIS);
  const perChannel = stored.map((side, axis) => (axis === channelAxis ? side : 1));
  const biases = biasQuantization(scaleIn, weights.quantization);
  const realBias = Float32Array.from(bias, (value, m) => value * weightScale(biases, m));
  graph.constant(biasName(name), 'float', [bias.length], littleEndian(realBias));
  return [graph.quantWeights(filter, weights, perChannel), graph.quantBias(biasName(name), biases)];
}

/** The axis of the outputs in [kh, kw, I, O]. */
const OUTPUT_AXIS = 3;

/**
 * Whether the bytes of a function are gathered from its table: one that ONNX has not, or one that jumps at a
 * threshold, where single precision would put a byte on the other side.
 */
function isGathered(f: ScalarFunction): boolean {
  return !isOnnxFunction(f) || (typeof f !== 'string' && f.threshold !== 0);
}

/** The bytes' places in a table of real numbers. */
function addTable(
  graph: QuantGraph,
  { name, inputs, table, output }: LookupNode,
  { scale, zeroPoint }: LookupNode['output']['quantization'],
): void {
  const number = (part: string, value: number) => {
    graph.constant(`${name}/${part}`, 'float', [], littleEndian(Float32Array.of(value)));
    return `${name}/${part}`;
  };
  const part = (which: string) => `${name}/${which}`;
  graph.node('Div', [inputs[0], number('scale', scale)], part('steps'));
  graph.node('Add', [part('steps'), number('zero_point', zeroPoint)], part('bytes'));
  graph.node('Round', [part('bytes')], part('rounded'));
  graph.node('Cast', [part('rounded')], part('indices'), { to: INT32 });
  const values = dequantizeArray(table, output.quantization);
  graph.constant(tableName(name), 'float', [values.length], littleEndian(values));
  graph.node('Gather', [tableName(name), part('indices')], name, { axis: 0 });
}

/** Whether a file is ONNX with Quant nodes. */
function isQonnx(file: Uint8Array): boolean {
  if (file[0] !== 0x08) return false;
  try {
    const { opsetImport } = fromBinary(ModelProtoSchema, file);
    return opsetImport.some(({ domain }) => domain === QUANT_DOMAIN);
  } catch {
    return false;
  }
}

/** The TF8 model out of the head, the real weights, which are bytes times their scale, and the biases. */
async function decodeQonnx(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  const model = parseOnnx(file, fileName);
  const metadata = (name: string) => {
    const value = model.metadataProps.find(({ key }) => key === name)?.value;
    if (value !== undefined) return fromBase64(value, `"${name}" of ${fileName}`);
    throw new FileError(
      `Expected a QONNX file that tf8 exported but ${fileName} has no metadata "${name}"`,
      { remedy: 'Export the TF8 model in the format qonnx.' },
    );
  };
  const biases = metadata(BIASES_KEY);
  const constants = new Map(model.graph?.initializer.map((tensor) => [tensor.name, tensor]));
  const signed = signedTensors(model);
  let first = 0;
  const take = (node: WeightedHead): TakenWeights => {
    const weights = takeWeights(node, constants, signed, fileName);
    const end = first + BIAS_BYTES * biasesAt(constants, node.name);
    const bias = biases.subarray(first, end);
    first = end;
    return { weights, bias };
  };
  return tf8FromHead(metadata(HEAD_NAME), take, file.length, fileName);
}

/** Of int32. */
const BIAS_BYTES = 4;

function biasesAt(constants: ReadonlyMap<string, TensorProto>, node: string): number {
  return constants.get(biasName(node))?.dims.map(Number)[0] ?? 0;
}

/** What Quant nodes make signed numbers of. */
function signedTensors({ graph }: ModelProto): ReadonlySet<string> {
  const isSigned = ({ attribute }: NodeProto) =>
    attribute.some(({ name, i }) => name === 'signed' && i === 1n);
  return new Set(graph?.node.filter(isSigned).flatMap(({ output }) => output));
}

/** A layer's weights as bytes, in TF8's order. */
function takeWeights(
  { name, op, shape }: WeightedHead,
  constants: ReadonlyMap<string, TensorProto>,
  signed: ReadonlySet<string>,
  fileName: string,
): Uint8Array {
  const filter = weightsName(name);
  const parts = quantParts(filter);
  const real = floatsOf(constants.get(filter));
  const scales = floatsOf(constants.get(parts.scale));
  const [zeroPoint = 0] = floatsOf(constants.get(parts.zeroPoint));
  const stored = constants.get(filter)?.dims.map(Number) ?? [];
  if (stored.length !== 4 || real.length !== elements(shape) || elements(stored) !== real.length) {
    throw new FileError(
      `Expected ${elements(shape)} numbers of ${filter} in ${fileName} but received ${real.length} of shape [${stored}]`,
    );
  }
  const ordered = permuteFloats(real, stored, inverseOrder(weightAxes(op)));
  // Signed weights have the zero point 0, which is 128 of uint8.
  const zero = signed.has(quantizedName(filter)) ? SIGNED_OFFSET : zeroPoint;
  return Uint8Array.from(ordered, (value, i) =>
    clamp(roundHalfEven(value / scales[i % scales.length]) + zero, 0, BYTE_MAX),
  );
}

/** The numbers of a constant in single precision; none where it is missing. */
function floatsOf(constant: TensorProto | undefined): Float32Array {
  const bytes = constant?.rawData.slice() ?? new Uint8Array(0);
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}
