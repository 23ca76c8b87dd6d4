/** ONNX models as float graphs; what no float graph can hold makes the network end before it. */
import { basename } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { floatGraph } from '../../architectures/graph/float_graph.ts';
import { dropUnread } from '../../architectures/graph/passes/drop_unread.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from '../../foundation/onnx/generated/onnx_pb.ts';
import { withInput } from '../graph_input.ts';
import type { ImageSize } from '../input_affine.ts';
import type { Reading, ReadModel } from '../read_model.ts';
import { type Operators, severalImages, UnreadPart, weightedInputs } from '../unread_part.ts';
import { type Made, OnnxDraft } from './draft.ts';
import { damagedOnnx, UnsupportedOnnxError } from './errors.ts';
import { fold } from './fold.ts';
import { readOperator } from './operators.ts';
import { constantOf, type ExternalFiles, externalFiles, type OnnxConstant } from './tensors.ts';

/** What a single file of protobuf can have. */
const MAX_BYTES = 2 ** 31;
const MAX_NODES = 100_000;
/** The published networks' where a network leaves the size of its images open. */
const DEFAULT_SIDE = 224;
const MAX_SIDE = 4096;

/**
 * Reads an `.onnx` file, its constants in other files of its folder too.
 * @throws UserError where it is damaged, or naming the operator before which little would be left
 */
export async function loadOnnx(path: string, reading?: Reading): Promise<ReadModel> {
  const model = parseOnnx(await readBounded(path, MAX_BYTES), path);
  return readOnnx(model, path, reading, await externalFiles(graphOf(model, path), path));
}

/** @param name what errors call it */
export function parseOnnx(bytes: Uint8Array, name: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw damagedOnnx(name, messageOf(error), error);
  }
}

/** The newest that it asks for, of ONNX's own operators. */
function opsetOf({ opsetImport }: ModelProto): number {
  const own = opsetImport.filter(({ domain }) => domain === '' || domain === 'ai.onnx');
  return Math.max(1, ...own.map(({ version }) => Number(version)));
}

function graphOf({ graph }: ModelProto, name: string): GraphProto {
  if (graph === undefined) throw damagedOnnx(name, 'it has no graph');
  if (graph.node.length > MAX_NODES) throw damagedOnnx(name, `it has ${graph.node.length} nodes`);
  return graph;
}

/** As `loadOnnx`, of a file that is parsed. */
export function readOnnx(
  model: ModelProto,
  name: string,
  reading: Reading = {},
  external: ExternalFiles = new Map(),
): ReadModel {
  const graph = graphOf(model, name);
  const constants = new Map(
    graph.initializer.map((tensor): [string, OnnxConstant] => [
      tensor.name,
      constantOf(tensor, external, name),
    ]),
  );
  const notes: string[] = [];
  const { input, batch } = inputOf(graph, constants, name, reading.resolution, notes);
  const draft = new OnnxDraft(constants, name, { opset: opsetOf(model), batch });
  draft.addInput(input);
  const lost = new UnreadPart(OPERATORS, UnsupportedOnnxError);
  for (const { name: other } of graph.input) {
    if (other !== input.name && !constants.has(other)) lost.leaveOutInput(other);
  }
  for (const node of graph.node) {
    lost.attempt(node, () => {
      if (!fold(node, draft, name)) readOperator(node, draft);
    });
  }
  const outputs = outputsOf(graph, draft, lost);
  lost.requireMost(graph.node, outputs.size, reading, () =>
    damagedOnnx(name, 'nothing makes one of its outputs'),
  );
  const whole = floatGraph({
    name: basename(name).replace(/\.\w+$/, ''),
    input: { name: input.name, shape: draft.shapeOf(input) },
    nodes: draft.nodes,
    outputs: [...outputs.keys()],
  });
  const turned = [input.name, ...outputs.values()].filter(
    (tensor) => draft.find(tensor)!.layout !== 'plain',
  );
  return {
    ...withInput(dropUnread(whole), undefined, notes),
    unread: lost.unread((node) => ({ name: node.output[0] ?? node.name, op: node.opType })),
    origin: { input: input.name, outputs, channelsFirst: new Set(turned) },
  };
}

/** Operators that sum over weights, or over what two images have: what networks are made of. */
const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

const OPERATORS: Operators<NodeProto, string> = {
  inputs: ({ input }) => input,
  outputs: ({ output }) => output,
  isWeighted: ({ opType }) => WEIGHTED.has(opType),
};

/** The outputs that were reached, and where the network ends instead of the others: nodes → ONNX's tensors. */
function outputsOf(
  graph: GraphProto,
  draft: OnnxDraft,
  lost: UnreadPart<NodeProto, string>,
): Map<string, string> {
  const wanted = graph.output.map(({ name }) => name);
  const isWhole = wanted.every((name) => draft.find(name) !== undefined);
  const made = new Set(draft.nodes.map(({ name }) => name));
  const outputs = new Map<string, string>();
  for (const tensor of isWhole ? wanted : [...wanted, ...lost.ends()]) {
    const node = draft.find(tensor)?.name;
    if (node !== undefined && made.has(node) && !outputs.has(node)) outputs.set(node, tensor);
  }
  return outputs;
}

/**
 * The images that come into weights: [N, C, H, W], or [N, H, W, C] of a network that turns them itself.
 * Other inputs are left out with what they feed.
 */
function inputOf(
  graph: GraphProto,
  constants: ReadonlyMap<string, OnnxConstant>,
  name: string,
  resolution: ImageSize | undefined,
  notes: string[],
): { readonly input: Made; readonly batch: number } {
  const inputs = graph.input.filter((input) => !constants.has(input.name));
  if (inputs.length === 0) throw damagedOnnx(name, 'it has no input');
  const ofImages = inputs.filter((input) => isImage(sidesOf(input)));
  const used = weightedInputs(
    ofImages.map((input) => input.name),
    graph.node,
    OPERATORS,
  );
  if (used.length > 1) throw severalImages(name, used);
  const input = inputs.find((one) => one.name === used[0]) ?? ofImages[0] ?? inputs[0];
  const sides = sidesOf(input);
  const [batch = 1, first, second, third] = sides;
  if (!isImage(sides)) {
    const shown = sides.map((side) => side ?? '?');
    throw new UserError(
      `Expected images [N, C, H, W] of 1, 3 or 4 channels in ${name} but its input ${input.name} is [${shown}], no image`,
      { remedy: 'Pass a network of images, exported with the number of their channels.' },
    );
  }
  const isFirst = isChannels(first);
  const [height, width] = isFirst ? [second, third] : [first, second];
  const [h, w] = resolution ?? [DEFAULT_SIDE, DEFAULT_SIDE];
  const size = [height ?? h, width ?? w] as const;
  if (size.some((side) => side > MAX_SIDE)) {
    throw damagedOnnx(name, `its images are ${size[0]} × ${size[1]}`);
  }
  if (height === undefined || width === undefined) {
    notes.push(
      `the network leaves the size of its images open: it is read for ${size[0]} × ${size[1]}`,
    );
  }
  const made: Made = isFirst
    ? { name: input.name, dims: [first!, ...size], layout: 'image' }
    : { name: input.name, dims: [...size, third!], layout: 'plain' };
  return { input: made, batch };
}

function isChannels(side: number | undefined): boolean {
  return side === 1 || side === 3 || side === 4;
}

function isImage(sides: readonly (number | undefined)[]): boolean {
  return sides.length === 4 && (isChannels(sides[1]) || isChannels(sides[3]));
}

/** undefined where a side is open. */
function sidesOf({ type }: ValueInfoProto): (number | undefined)[] {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  return (shape?.dim ?? []).map(({ value }) => {
    const side = value.case === 'dimValue' ? Number(value.value) : 0;
    return side > 0 ? side : undefined;
  });
}
