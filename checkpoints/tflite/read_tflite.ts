/** TensorFlow Lite's files as float graphs; what is quantized in them is dequantized. */
import { basename } from 'node:path';
import { floatGraph } from '../../architectures/graph/float_graph.ts';
import { dropUnread } from '../../architectures/graph/passes/drop_unread.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { TENSOR_TYPE } from '../../foundation/flatbuffers/tflite_schema.ts';
import { withInput } from '../graph_input.ts';
import type { PixelRange } from '../input_affine.ts';
import type { Reading, ReadModel } from '../read_model.ts';
import { type Operators, severalImages, UnreadPart, weightedInputs } from '../unread_part.ts';
import { typeName } from './constants.ts';
import { damagedTflite, UnsupportedOperatorError } from './errors.ts';
import { GraphDraft, type Made } from './graph_draft.ts';
import { readOperator } from './operators.ts';
import {
  parseTflite,
  type TfliteFile,
  type TfliteOperator,
  type TfliteTensor,
} from './tflite_file.ts';

/** Above any network that is read here. */
const MAX_BYTES = 2 ** 31;

/** Between the ends of a range and those of a common one, as a part of its width. */
const NEAR = 0.01;
const COMMON_RANGES: readonly PixelRange[] = [
  { min: -1, max: 1 },
  { min: 0, max: 1 },
  { min: 0, max: 255 },
];

/** Operators that sum over weights, or over what two images have: what networks are made of. */
const WEIGHTED = new Set([
  'CONV_2D',
  'DEPTHWISE_CONV_2D',
  'FULLY_CONNECTED',
  'TRANSPOSE_CONV',
  'CONV_3D',
  'BATCH_MATMUL',
]);

const OPERATORS: Operators<TfliteOperator, number> = {
  inputs: ({ inputs }) => inputs,
  outputs: ({ outputs }) => outputs,
  isWeighted: ({ name }) => WEIGHTED.has(name),
};

/**
 * Reads a `.tflite` file, float or quantized, up to operators that no float graph can hold.
 * @throws UserError where it is damaged, reads several images, or naming the operator before which little
 *   would be left
 */
export async function loadTflite(path: string, reading?: Reading): Promise<ReadModel> {
  return readTflite(await readBounded(path, MAX_BYTES), path, reading);
}

/**
 * As `loadTflite`.
 * @param name what errors call the file
 */
export function readTflite(bytes: Uint8Array, name: string, reading: Reading = {}): ReadModel {
  const file = parseTflite(bytes, name);
  const draft = new GraphDraft(file);
  const input = imageInput(file);
  const source = draft.addInput(input, imageShape(draft.tensor(input), name));
  const lost = new UnreadPart(OPERATORS, UnsupportedOperatorError);
  for (const other of file.inputs) if (other !== input) lost.leaveOutInput(other);
  for (const operator of file.operators) {
    if (!lost.attempt(operator, () => readOperator(operator, draft))) draft.forget(operator);
  }
  const { nodes } = draft;
  const outputs = outputsOf(file, draft, lost, source);
  lost.requireMost(file.operators, outputs.size, reading, () =>
    damagedTflite(name, 'its images come into none of its outputs'),
  );
  const read = floatGraph({
    name: basename(name).replace(/\.\w+$/, ''),
    input: source,
    nodes,
    outputs: [...outputs.keys()],
  });
  const graph = lost.isEmpty ? read : dropUnread(read);
  const unread = lost.unread((operator) => ({
    name: draft.labelOf(operator),
    op: operator.name,
  }));
  const prepared = withInput(graph, quantizedInput(file, input), dequantizedNotes(file));
  return { ...prepared, unread, origin: { input: String(input), outputs } };
}

/** Those of the file, and what is read by what is left out: names of nodes → numbers of tensors. */
function outputsOf(
  { name, outputs }: TfliteFile,
  draft: GraphDraft,
  lost: UnreadPart<TfliteOperator, number>,
  input: Made,
): Map<string, string> {
  const made = outputs.filter((output) => draft.find(output) !== undefined);
  if (lost.isEmpty && made.length < outputs.length) {
    throw damagedTflite(name, 'nothing makes one of its outputs');
  }
  const names = new Map<string, string>();
  for (const index of [...made, ...lost.ends()]) {
    const node = draft.find(index);
    if (node === undefined || (node === input && !made.includes(index))) continue;
    if (!names.has(node.name)) names.set(node.name, String(index));
  }
  return names;
}

/**
 * The input that gives the images; others are left out with what they feed.
 * @throws UserError where convolutions read several
 */
function imageInput({ name, inputs, tensors, operators }: TfliteFile): number {
  const ofImages = inputs.filter((index) => tensors[index]?.shape.length === 4);
  const candidates = ofImages.length > 0 ? ofImages : inputs;
  const used = weightedInputs(candidates, operators, OPERATORS);
  const chosen = used[0] ?? candidates[0];
  if (chosen === undefined) throw damagedTflite(name, 'it has no input');
  if (used.length < 2) return chosen;
  throw severalImages(
    name,
    used.map((index) => `${tensors[index].name} [${tensors[index].shape}]`),
  );
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
