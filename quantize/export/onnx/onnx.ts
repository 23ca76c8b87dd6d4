import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
} from '../../../foundation/onnx/generated/onnx_pb.ts';
import { type Tf8Model, tensorSpecs } from '../../model/tf8_model.ts';
import { FileError, messageOf } from '../../params/errors.ts';
import { elements } from '../../params/shape.ts';
import { fromBase64, toBase64 } from '../base64.ts';
import { modelDescription } from '../description.ts';
import type { ExportFormat, ExportSource } from '../export_format.ts';
import type { FormatName } from '../format_names.ts';
import { outputLabels } from '../labels.ts';
import { toggledSign } from '../signed_bytes.ts';
import { inverseOrder, permuteAxes } from '../tensor_layout.ts';
import { biasName, exportedOutputs, weightsName } from '../tensor_names.ts';
import {
  HEAD_NAME,
  type TakenWeights,
  tf8FromHead,
  tf8Head,
  type WeightedHead,
} from '../tf8_head.ts';
import { type ByteType, byteTensor, byteTypeOf, isReal, OnnxGraph } from './graph.ts';
import { addNode, realName, weightAxes } from './operators.ts';

/** The first with DequantizeLinear of axes; every operation here is in it. */
export const OPSET = 13n;
/** Of the file format: the first with opset 13. */
export const IR_VERSION = 7n;
/** Of the metadata with a line for each output. */
export const LABELS_KEY = 'labels';

/** A quantized model for ONNX Runtime and others that read opset 13. */
export const ONNX = onnxFormat('onnx', 'uint8');

/** The same with int8, all numbers less 128. */
export const ONNX_INT8 = onnxFormat('onnx-int8', 'int8');

function onnxFormat(name: FormatName, bytes: ByteType): ExportFormat {
  return {
    name,
    fileNames: (file) => [file],
    encode: (source) => [{ name: source.fileName, bytes: encodeOnnx(source, bytes) }],
    reader: {
      // Protocol Buffers have no magic number: a model begins with field 1, the IR version.
      recognizes: (file) => file[0] === 0x08 && bytesOf(file) === bytes,
      read: decodeOnnx,
    },
  };
}

/** What the bytes of a model are; undefined of real numbers, uint8 where the file is too damaged to say. */
function bytesOf(file: Uint8Array): ByteType | undefined {
  try {
    const input = fromBinary(ModelProtoSchema, file).graph?.input[0];
    return isReal(input) ? undefined : byteTypeOf(input);
  } catch {
    return 'uint8';
  }
}

/**
 * An `.onnx` file: input [1, H, W, C] of bytes, outputs of bytes, [1, C] of vectors, else [1, H, W, C]. One
 * transposition brings the image into ONNX's order of axes, one each output that is an image back; every
 * layer's bytes have its node's name, [1, C, H, W].
 */
function encodeOnnx({ model, tf8 }: ExportSource, bytes: ByteType): Uint8Array {
  const graph = new OnnxGraph(bytes);
  const { input } = model;
  const image = `${input.name}/nchw`;
  graph.node('Transpose', [input.name], image, { perm: [0, 3, 1, 2] });
  graph.dequantize(image, input.quantization, realName(input.name));
  const specs = tensorSpecs(model);
  const bytesOf = (name: string) => (name === input.name ? image : name);
  for (const node of model.nodes) addNode(graph, node, specs, bytesOf);
  const outputs = addOutputs(graph, model);
  const labels = outputLabels(model);
  const metadataProps = [
    { key: HEAD_NAME, value: toBase64(tf8Head(tf8)) },
    ...(labels === undefined ? [] : [{ key: LABELS_KEY, value: labels.join('\n') }]),
  ];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      opsetImport: [{ domain: '', version: OPSET }],
      producerName: 'tf8',
      docString: modelDescription(model),
      metadataProps,
      graph: create(GraphProtoSchema, {
        name: model.name,
        node: graph.nodes,
        initializer: graph.initializers,
        input: [byteTensor(input.name, bytes, [1, ...input.shape])],
        output: outputs.map(({ name, shape }) => byteTensor(name, bytes, shape)),
      }),
    }),
  );
}

/** Adds the outputs behind their nodes, whose tensors are [1, C, H, W]; gives their names and shapes. */
export function addOutputs(graph: OnnxGraph, model: Tf8Model) {
  return exportedOutputs(model).map(({ node, name, spec, isVector }) => {
    if (isVector) graph.node('Flatten', [node], name, { axis: 1 });
    else graph.node('Transpose', [node], name, { perm: [0, 2, 3, 1] });
    return { name, shape: isVector ? [1, spec.shape[2]] : [1, ...spec.shape] };
  });
}

/** The TF8 model out of the head and the initializers. */
async function decodeOnnx(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  const model = parseOnnx(file, fileName);
  const head = model.metadataProps.find(({ key }) => key === HEAD_NAME);
  if (head === undefined) {
    throw new FileError(
      `Expected an .onnx file that tf8 exported but ${fileName} has no metadata "${HEAD_NAME}"`,
      { remedy: 'Export the TF8 model in the format onnx.' },
    );
  }
  const constants = new Map(model.graph?.initializer.map((tensor) => [tensor.name, tensor]));
  const take = ({ name, op, shape }: WeightedHead): TakenWeights => {
    const weights = constants.get(weightsName(name));
    const stored = weights?.dims.map(Number) ?? [];
    const raw = weights?.rawData ?? new Uint8Array(0);
    const data = byteTypeOf(model.graph?.input[0]) === 'int8' ? toggledSign(raw) : raw;
    if (
      stored.length !== 4 ||
      elements(stored) !== elements(shape) ||
      data.length !== elements(shape)
    ) {
      throw new FileError(
        `Expected ${elements(shape)} bytes of ${weightsName(name)} in ${fileName} but received ${data.length} of shape [${stored}]`,
      );
    }
    return {
      weights: permuteAxes(data, stored, inverseOrder(weightAxes(op))),
      bias: constants.get(biasName(name))?.rawData ?? new Uint8Array(0),
    };
  };
  return tf8FromHead(
    fromBase64(head.value, `"${HEAD_NAME}" of ${fileName}`),
    take,
    file.length,
    fileName,
  );
}

/** A copy of an `.onnx` file whose further outputs are the tensors of bytes called `names`. */
export function withOutputs(
  file: Uint8Array,
  names: readonly string[],
  fileName: string,
): Uint8Array {
  const model = parseOnnx(file, fileName);
  const bytes = byteTypeOf(model.graph?.input[0]);
  model.graph?.output.push(...names.map((name) => byteTensor(name, bytes)));
  return toBinary(ModelProtoSchema, model);
}

/** @throws FileError where the file is no ONNX model */
export function parseOnnx(file: Uint8Array, fileName: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, file);
  } catch (error) {
    throw new FileError(`Expected an ONNX model but ${fileName} is none: ${messageOf(error)}`);
  }
}
