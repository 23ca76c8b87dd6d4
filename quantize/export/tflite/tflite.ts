import {
  FlatReader,
  flatTable,
  writeFlatBuffer,
} from '../../../foundation/flatbuffers/flat_buffer.ts';
import {
  BUFFER,
  FILE_IDENTIFIER,
  METADATA,
  MODEL,
  SCHEMA_VERSION,
  SIGNATURE,
  SIGNATURE_TENSOR,
  SUBGRAPH,
  TENSOR,
  TENSOR_TYPE,
} from '../../../foundation/flatbuffers/tflite_schema.ts';
import { type Tf8Model, tensorSpecs } from '../../model/tf8_model.ts';
import { FileError, QuantizationError } from '../../params/errors.ts';
import { elements } from '../../params/shape.ts';
import { modelDescription } from '../description.ts';
import type { ExportFormat, ExportSource } from '../export_format.ts';
import type { FormatName } from '../format_names.ts';
import { outputLabels } from '../labels.ts';
import { toggledSign } from '../signed_bytes.ts';
import { appendZip } from '../stored_zip.ts';
import { inverseOrder, permuteAxes } from '../tensor_layout.ts';
import { biasName, type ExportedOutput, exportedOutputs, weightsName } from '../tensor_names.ts';
import {
  HEAD_NAME,
  type TakenWeights,
  tf8FromHead,
  tf8Head,
  type WeightedHead,
} from '../tf8_head.ts';
import { type ByteType, TfliteGraph } from './graph.ts';
import { LABELS_FILE, METADATA_NAME, tfliteMetadata } from './metadata.ts';
import { addNode, addReshape, OUTPUTS_FIRST } from './operators.ts';

/** A uint8 model of TFLite in which LiteRT computes our bytes (eq. 5). */
export const TFLITE = tfliteFormat('tflite', 'uint8');

/** The same with int8, all numbers less 128, and weights whose zero point is 0: one scale or one a channel. */
export const TFLITE_INT8 = tfliteFormat('tflite-int8', 'int8');

function tfliteFormat(name: FormatName, bytes: ByteType): ExportFormat {
  return {
    name,
    fileNames: (file) => [file],
    encode: (source) => [{ name: source.fileName, bytes: encodeTflite(source, bytes) }],
    reader: {
      recognizes: (file) =>
        String.fromCharCode(...file.subarray(4, 8)) === FILE_IDENTIFIER &&
        isSigned(inputTable(file)) === (bytes === 'int8'),
      read: decodeTflite,
    },
  };
}

/** The first tensor, the input; undefined where the file is too damaged to have one. */
function inputTable(file: Uint8Array): FlatReader | undefined {
  try {
    return FlatReader.root(file, FILE_IDENTIFIER, (message) => new QuantizationError(message))
      .tables(MODEL, 'subgraphs')
      .flatMap((subgraph) => subgraph.tables(SUBGRAPH, 'tensors'))[0];
  } catch (error) {
    if (error instanceof QuantizationError) return undefined;
    throw error;
  }
}

function isSigned(tensor: FlatReader | undefined): boolean {
  return tensor?.int8(TENSOR, 'type') === TENSOR_TYPE.int8;
}

/**
 * A `.tflite` file: input [1, H, W, C] of bytes, outputs of bytes, [1, C] of vectors, else [1, H, W, C]; every
 * tensor under its node's name, the weights' and biases' after it ("Conv2d_0/weights").
 */
function encodeTflite(
  { model, tf8 }: Pick<ExportSource, 'model' | 'tf8'>,
  bytes: ByteType,
  layers: readonly string[] = [],
): Uint8Array {
  const graph = new TfliteGraph(bytes);
  const { input } = model;
  const specs = tensorSpecs(model);
  const source = graph.tensor(input.name, {
    shape: [1, ...input.shape],
    quantization: input.quantization,
  });
  for (const node of model.nodes) addNode(graph, node, specs);
  const outputs = exportedOutputs(model).map((output) => ({
    name: output.name,
    tensorIndex: addOutput(graph, output),
  }));
  const labels = outputLabels(model);
  const metadata = [
    [METADATA_NAME, tfliteMetadata(model, labels !== undefined)],
    [HEAD_NAME, tf8Head(tf8)],
  ] as const;
  const entries = metadata.map(([name, data]) =>
    flatTable(METADATA, { name, buffer: graph.buffer(data) }),
  );
  const { tensors, operators, buffers, operatorCodes } = graph.tables();
  const signatureTensor = (name: string, tensorIndex: number) =>
    flatTable(SIGNATURE_TENSOR, { name, tensorIndex });
  const file = writeFlatBuffer(
    flatTable(MODEL, {
      version: SCHEMA_VERSION,
      description: modelDescription(model),
      operatorCodes,
      subgraphs: [
        flatTable(SUBGRAPH, {
          name: model.name,
          tensors,
          inputs: [source],
          outputs: [
            ...layers.map((layer) => graph.index(layer)),
            ...outputs.map(({ tensorIndex }) => tensorIndex),
          ],
          operators,
        }),
      ],
      buffers,
      metadata: entries,
      signatureDefs: [
        flatTable(SIGNATURE, {
          key: 'serving_default',
          inputs: [signatureTensor(input.name, source)],
          outputs: outputs.map(({ name, tensorIndex }) => signatureTensor(name, tensorIndex)),
        }),
      ],
    }),
    FILE_IDENTIFIER,
  );
  if (labels === undefined) return file;
  const list = new TextEncoder().encode(`${labels.join('\n')}\n`);
  return appendZip(file, [{ name: LABELS_FILE, bytes: list }]);
}

/** An int8 file whose outputs are every layer and then the network's: what TensorFlow Lite Micro is to show. */
export function int8WithLayers(model: Tf8Model, tf8: Uint8Array): Uint8Array {
  const layers = model.nodes.map(({ name }) => name);
  return encodeTflite({ model, tf8 }, 'int8', layers);
}

/** Index of the tensor that is given back: an image is the node's own, a vector loses its sides of 1. */
function addOutput(
  graph: TfliteGraph,
  { node, name, spec: { shape, quantization }, isVector }: ExportedOutput,
): number {
  const source = graph.index(node);
  if (!isVector) return source;
  const output = graph.tensor(name, { shape: [1, shape[2]], quantization });
  addReshape(graph, source, output, [-1, shape[2]]);
  return output;
}

/** The TF8 model out of the head and the weight tensors. */
async function decodeTflite(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  const model = FlatReader.root(file, FILE_IDENTIFIER, (message) => new QuantizationError(message));
  const buffers = model.tables(MODEL, 'buffers');
  const bufferOf = (index: number) => buffers[index]?.bytes(BUFFER, 'data') ?? new Uint8Array(0);
  const head = model
    .tables(MODEL, 'metadata')
    .find((entry) => entry.string(METADATA, 'name') === HEAD_NAME);
  if (head === undefined) {
    throw new FileError(
      `Expected a .tflite file that tf8 exported but ${fileName} has no metadata "${HEAD_NAME}"`,
      { remedy: 'Export the TF8 model in the format tflite.' },
    );
  }
  const tensors = new Map(
    model
      .tables(MODEL, 'subgraphs')
      .flatMap((subgraph) => subgraph.tables(SUBGRAPH, 'tensors'))
      .map((tensor) => [tensor.string(TENSOR, 'name'), tensor] as const),
  );
  const dataOf = (name: string) => {
    const tensor = tensors.get(name);
    const data = bufferOf(tensor?.uint32(TENSOR, 'buffer') ?? 0);
    return isSigned(tensor) ? toggledSign(data) : data;
  };
  return tf8FromHead(
    bufferOf(head.uint32(METADATA, 'buffer')),
    (node) => takeWeights(node, dataOf, fileName),
    file.length,
    fileName,
  );
}

function takeWeights(
  { name, op, shape }: WeightedHead,
  dataOf: (tensor: string) => Uint8Array,
  fileName: string,
): TakenWeights {
  const data = dataOf(weightsName(name));
  if (data.length !== elements(shape)) {
    throw new FileError(
      `Expected ${elements(shape)} bytes of ${weightsName(name)} in ${fileName} but received ${data.length}`,
    );
  }
  const stored = OUTPUTS_FIRST.map((axis) => shape[axis]);
  return {
    weights:
      op === 'depthwiseConv2d' ? data : permuteAxes(data, stored, inverseOrder(OUTPUTS_FIRST)),
    bias: dataOf(biasName(name)),
  };
}
