/** TensorFlow Lite's files as float graphs; what is quantized in them is dequantized. */
import { basename } from 'node:path';
import { floatGraph } from '../../architectures/graph/float_graph.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { TENSOR_TYPE } from '../../foundation/flatbuffers/tflite_schema.ts';
import { type GraphOfImages, withInput } from '../graph_input.ts';
import type { PixelRange } from '../input_affine.ts';
import { typeName } from './constants.ts';
import { damagedTflite } from './errors.ts';
import { GraphDraft } from './graph_draft.ts';
import { readOperator } from './operators.ts';
import { parseTflite, type TfliteFile, type TfliteTensor } from './tflite_file.ts';

/** Above any network that is read here. */
const MAX_BYTES = 2 ** 31;

/** Between the ends of a range and those of a common one, as a part of its width. */
const NEAR = 0.01;
const COMMON_RANGES: readonly PixelRange[] = [
  { min: -1, max: 1 },
  { min: 0, max: 1 },
  { min: 0, max: 255 },
];

/**
 * Reads a `.tflite` file, float or quantized.
 * @throws UserError where it is damaged, or naming an operator that no float graph can hold
 */
export async function loadTflite(path: string): Promise<GraphOfImages> {
  return readTflite(await readBounded(path, MAX_BYTES), path);
}

/**
 * As `loadTflite`.
 * @param name what errors call the file
 */
export function readTflite(bytes: Uint8Array, name: string): GraphOfImages {
  const file = parseTflite(bytes, name);
  const draft = new GraphDraft(file);
  const [input, ...more] = file.inputs;
  if (input === undefined || more.length > 0) {
    throw damagedTflite(name, `it has ${file.inputs.length} inputs, of which one is read`);
  }
  const source = draft.addInput(input, imageShape(draft.tensor(input), name));
  for (const operator of file.operators) readOperator(operator, draft);
  const outputs = file.outputs.map((output) => {
    const made = draft.find(output);
    if (made === undefined) throw damagedTflite(name, 'nothing makes one of its outputs');
    return made.name;
  });
  const read = floatGraph({
    name: basename(name).replace(/\.\w+$/, ''),
    input: source,
    nodes: draft.nodes,
    outputs,
  });
  return withInput(read, quantizedInput(file, input), dequantizedNotes(file));
}

/** Of one image, without the batch. */
function imageShape({ shape, type }: TfliteTensor, name: string): readonly number[] {
  const sides = shape.slice(1);
  const isPlain = sides.length > 0 && sides.every((side) => side > 0);
  if (isPlain && Number.isSafeInteger(elements(sides))) return sides;
  throw damagedTflite(name, `its input is [${shape}] ${typeName(type)}`);
}

/** The images' range, by the parameters of a quantized input, or of what an input is quantized to first. */
function quantizedInput({ tensors, operators }: TfliteFile, input: number): PixelRange | undefined {
  const next = operators.find(({ inputs }) => inputs.includes(input));
  const tensor =
    tensors[input].quantization === undefined && next?.name === 'QUANTIZE'
      ? tensors[next.outputs[0]]
      : tensors[input];
  const low = { [TENSOR_TYPE.uint8]: 0, [TENSOR_TYPE.int8]: -128 }[tensor?.type ?? -1];
  if (tensor?.quantization === undefined || low === undefined) return undefined;
  const {
    scale: [scale],
    zeroPoint: [zeroPoint],
  } = tensor.quantization;
  const range = { min: scale * (low - zeroPoint), max: scale * (low + 255 - zeroPoint) };
  if (!(range.max > range.min)) return undefined;
  const near = NEAR * (range.max - range.min);
  const common = COMMON_RANGES.find(
    ({ min, max }) => Math.abs(min - range.min) < near && Math.abs(max - range.max) < near,
  );
  const [min, max] = [range.min, range.max].map((value) => Number(value.toPrecision(6)));
  return common ?? { min, max };
}

/** What of the file was quantized, by the types of its constants. */
function dequantizedNotes({ tensors }: TfliteFile): string[] {
  const constants = tensors.filter(({ data }) => data !== undefined);
  const quantized = constants.filter(
    ({ type, quantization }) => quantization !== undefined || type === TENSOR_TYPE.float16,
  );
  if (quantized.length === 0) return [];
  const isPerChannel = quantized.some(({ quantization }) => (quantization?.scale.length ?? 1) > 1);
  const types = [...new Set(quantized.map(({ type }) => typeName(type)))].sort();
  return [
    `(dequantized) ${quantized.length} of its ${constants.length} constants are ${types.join(', ')}${isPerChannel ? ' with a scale for each channel' : ''}: they are taken for the real numbers that they stand for`,
  ];
}
