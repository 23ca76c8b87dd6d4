/**
 * TFLite metadata: what the input and output mean, for tools and for people. The labels are an
 * associated file, in a ZIP archive behind the FlatBuffer. Slots of tflite-support 0.4.4's
 * metadata_schema.fbs, version 1.0.
 */

import {
  type FlatSchema,
  type FlatTable,
  flatTable,
  writeFlatBuffer,
} from '../../../foundation/flatbuffers/flat_buffer.ts';
import { outputNode, type Tf8Model } from '../../model/tf8_model.ts';
import { BYTE_MAX, dequantize, type QuantizationParams } from '../../params/quantization.ts';
import { modelDescription } from '../description.ts';
import { type ExportedOutput, exportedOutputs } from '../tensor_names.ts';

/** Name of the entry in the model's metadata. */
export const METADATA_NAME = 'TFLITE_METADATA';
export const LABELS_FILE = 'labels.txt';

const FILE_IDENTIFIER = 'M001';
const MIN_PARSER_VERSION = '1.0.0';

const MODEL_METADATA = {
  name: [0, 'string'],
  description: [1, 'string'],
  subgraphs: [3, 'tables'],
  minParserVersion: [7, 'string'],
} as const satisfies FlatSchema;

const SUBGRAPH_METADATA = {
  inputs: [2, 'tables'],
  outputs: [3, 'tables'],
} as const satisfies FlatSchema;

const TENSOR_METADATA = {
  name: [0, 'string'],
  description: [1, 'string'],
  content: [3, 'table'],
  processUnits: [4, 'tables'],
  stats: [5, 'table'],
  files: [6, 'tables'],
} as const satisfies FlatSchema;

const CONTENT = {
  propertiesType: [0, 'int8'],
  properties: [1, 'table'],
} as const satisfies FlatSchema;
const FEATURE_PROPERTIES = 1;
const IMAGE_PROPERTIES = 2;
const IMAGE = { colorSpace: [0, 'int8'] } as const satisfies FlatSchema;
const RGB = 1;

const PROCESS_UNIT = {
  optionsType: [0, 'int8'],
  options: [1, 'table'],
} as const satisfies FlatSchema;
const NORMALIZATION_OPTIONS = 1;
const NORMALIZATION = {
  mean: [0, 'float32s'],
  std: [1, 'float32s'],
} as const satisfies FlatSchema;

const STATS = { max: [0, 'float32s'], min: [1, 'float32s'] } as const satisfies FlatSchema;

const ASSOCIATED_FILE = {
  name: [0, 'string'],
  description: [1, 'string'],
  type: [2, 'int8'],
} as const satisfies FlatSchema;
const TENSOR_AXIS_LABELS = 2;

/** @param labelled whether labels.txt comes with the file */
export function tfliteMetadata(model: Tf8Model, labelled: boolean): Uint8Array {
  const root = flatTable(MODEL_METADATA, {
    name: model.name,
    description: modelDescription(model),
    subgraphs: [
      flatTable(SUBGRAPH_METADATA, {
        inputs: [inputMetadata(model)],
        outputs: exportedOutputs(model).map((output) =>
          outputMetadata(output, labelled && output.node === outputNode(model).name),
        ),
      }),
    ],
    minParserVersion: MIN_PARSER_VERSION,
  });
  return writeFlatBuffer(root, FILE_IDENTIFIER);
}

function inputMetadata({ input }: Tf8Model): FlatTable {
  const [height, width, channels] = input.shape;
  const { scale, zeroPoint } = input.quantization;
  const [min, max] = realRange(input.quantization);
  const isPicture = channels === 3;
  return flatTable(TENSOR_METADATA, {
    name: input.name,
    description: `Image of ${height} × ${width} × ${channels}, real values from ${min} to ${max}`,
    content: flatTable(CONTENT, {
      propertiesType: isPicture ? IMAGE_PROPERTIES : FEATURE_PROPERTIES,
      properties: isPicture ? flatTable(IMAGE, { colorSpace: RGB }) : flatTable({}, {}),
    }),
    processUnits: [
      flatTable(PROCESS_UNIT, {
        optionsType: NORMALIZATION_OPTIONS,
        // (pixel − mean) / std is the real value of the byte that equals the pixel.
        options: flatTable(NORMALIZATION, { mean: [zeroPoint], std: [1 / scale] }),
      }),
    ],
    stats: flatTable(STATS, { max: [BYTE_MAX], min: [0] }),
  });
}

function outputMetadata(
  { node, op, name, spec: { shape, quantization }, isVector }: ExportedOutput,
  labelled: boolean,
): FlatTable {
  const [min, max] = realRange(quantization);
  return flatTable(TENSOR_METADATA, {
    name,
    description: isVector
      ? op === 'softmax'
        ? 'Probabilities of the classes'
        : 'Logits: the softmax of their real values are the probabilities of the classes'
      : `What ${node} makes, ${shape.join(' × ')}, real values from ${min} to ${max}`,
    content: flatTable(CONTENT, {
      propertiesType: FEATURE_PROPERTIES,
      properties: flatTable({}, {}),
    }),
    stats: flatTable(STATS, { max: [max], min: [min] }),
    files: labelled
      ? [
          flatTable(ASSOCIATED_FILE, {
            name: LABELS_FILE,
            description: 'Name of each output, one a line',
            type: TENSOR_AXIS_LABELS,
          }),
        ]
      : undefined,
  });
}

function realRange(params: QuantizationParams): [min: number, max: number] {
  return [dequantize(0, params), dequantize(BYTE_MAX, params)];
}
