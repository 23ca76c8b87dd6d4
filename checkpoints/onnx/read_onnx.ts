/** ONNX models as float graphs; what no float graph can hold makes the network end before it. */
import { basename } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { floatGraph } from '../../architectures/graph/float_graph.ts';
import { dropUnread } from '../../architectures/graph/passes/drop_unread.ts';
import { messageOf } from '../../foundation/errors.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { type GraphOfImages, withInput } from '../graph_input.ts';
import type { ImageSize } from '../input_affine.ts';
import { type Made, OnnxDraft } from './draft.ts';
import { damagedOnnx, UnsupportedOnnxError } from './errors.ts';
import { fold } from './fold.ts';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from './generated/onnx_pb.ts';
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
 * @param resolution of the images of a network that leaves it open; 224 × 224 unless given
 * @throws UserError where it is damaged, or naming an operator that no float graph can hold
 */
export async function loadOnnx(path: string, resolution?: ImageSize): Promise<GraphOfImages> {
  const model = parse(await readBounded(path, MAX_BYTES), path);
  const external = await externalFiles(graphOf(model, path), path);
  return read(model, external, path, resolution);
}

/**
 * As `loadOnnx`, of a model in one file.
 * @param name what errors call it
 */
export function readOnnx(bytes: Uint8Array, name: string, resolution?: ImageSize): GraphOfImages {
  return read(parse(bytes, name), new Map(), name, resolution);
}

function parse(bytes: Uint8Array, name: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw damagedOnnx(name, messageOf(error), error);
  }
}

function graphOf({ graph }: ModelProto, name: string): GraphProto {
  if (graph === undefined) throw damagedOnnx(name, 'it has no graph');
  if (graph.node.length > MAX_NODES) throw damagedOnnx(name, `it has ${graph.node.length} nodes`);
  return graph;
}

function read(
  model: ModelProto,
  external: ExternalFiles,
  name: string,
  resolution: ImageSize | undefined,
): GraphOfImages {
  const graph = graphOf(model, name);
  const constants = new Map(
    graph.initializer.map((tensor): [string, OnnxConstant] => [
      tensor.name,
      constantOf(tensor, external, name),
    ]),
  );
  const notes: string[] = [];
  const draft = new OnnxDraft(constants, name);
  const input = inputOf(graph, constants, name, resolution, notes);
  draft.addInput(input);
  const lost = new LostPart();
  for (const node of graph.node) {
    if (!lost.reaches(node) && !fold(node, draft, name)) lost.attempt(node, draft);
  }
  const outputs = outputsOf(graph, draft, lost, name);
  const note = lost.note(outputs);
  if (note !== undefined) notes.push(note);
  const whole = floatGraph({
    name: basename(name).replace(/\.\w+$/, ''),
    input: { name: input.name, shape: draft.shapeOf(input) },
    nodes: draft.nodes,
    outputs,
  });
  return withInput(dropUnread(whole), undefined, notes);
}

/** The operators that no float graph can hold, and all that comes from them. */
class LostPart {
  /** The first of them, and why. */
  first: UnsupportedOnnxError | undefined;
  private readonly nodes: NodeProto[] = [];
  private readonly tensors = new Set<string>();

  /** Whether an operator reads of what is lost, and is lost with it. */
  reaches(node: NodeProto): boolean {
    if (!node.input.some((name) => this.tensors.has(name))) return false;
    this.lose(node);
    return true;
  }

  attempt(node: NodeProto, draft: OnnxDraft): void {
    try {
      readOperator(node, draft);
    } catch (error) {
      if (!(error instanceof UnsupportedOnnxError)) throw error;
      this.first ??= error;
      this.lose(node);
    }
  }

  /** What the lost operators read of the rest. */
  frontier(draft: OnnxDraft): Made[] {
    return this.nodes.flatMap(({ input }) => input.flatMap((name) => draft.find(name) ?? []));
  }

  /** Numbers in the constants of what is lost: its size. */
  weights(draft: OnnxDraft): number {
    const names = new Set(this.nodes.flatMap(({ input }) => input));
    return [...names].reduce((sum, name) => sum + (draft.constant(name)?.values.length ?? 0), 0);
  }

  note(outputs: readonly string[]): string | undefined {
    if (this.nodes.length === 0) return undefined;
    const types = [...new Set(this.nodes.map(({ opType }) => opType))];
    const shown = types.slice(0, 6).join(', ');
    const more = types.length > 6 ? ', …' : '';
    return `it ends in ${outputs.join(', ')}: ${this.nodes.length} operators behind it are left out (${shown}${more}), the first because ${this.first!.message.replace(/^Expected .*? but /, '')}`;
  }

  private lose(node: NodeProto): void {
    this.nodes.push(node);
    for (const output of node.output) this.tensors.add(output);
  }
}

/**
 * The outputs that were reached, and where the network ends instead of the others.
 * @throws UserError where most of the network would be left out
 */
function outputsOf(graph: GraphProto, draft: OnnxDraft, lost: LostPart, name: string): string[] {
  const reached = graph.output.flatMap((output) => draft.find(output.name) ?? []);
  const ends = reached.length === graph.output.length ? [] : lost.frontier(draft);
  const made = new Set(draft.nodes.map((node) => node.name));
  const outputs = [...new Set([...reached, ...ends].map((end) => end.name))].filter((end) =>
    made.has(end),
  );
  const kept = draft.nodes.reduce(
    (sum, node) => sum + ('kernel' in node ? node.kernel.length : 0),
    0,
  );
  if (outputs.length > 0 && (lost.first === undefined || lost.weights(draft) <= kept))
    return outputs;
  throw lost.first ?? damagedOnnx(name, 'nothing makes one of its outputs');
}

/** The only input that is no constant: [N, C, H, W], or [N, H, W, C] of a network that turns it itself. */
function inputOf(
  graph: GraphProto,
  constants: ReadonlyMap<string, OnnxConstant>,
  name: string,
  resolution: ImageSize | undefined,
  notes: string[],
): Made {
  const inputs = graph.input.filter((input) => !constants.has(input.name));
  const [input] = inputs;
  if (inputs.length !== 1) {
    const names = inputs.map((one) => one.name).join(', ');
    throw damagedOnnx(name, `it has ${inputs.length} inputs (${names}), of which one is read`);
  }
  const sides = sidesOf(input);
  const [, first, second, third] = sides;
  const isChannels = (side: number | undefined) => side === 1 || side === 3 || side === 4;
  if (sides.length !== 4 || (!isChannels(first) && !isChannels(third))) {
    const shown = sides.map((side) => side ?? '?');
    throw damagedOnnx(name, `its input ${input.name} is [${shown}], no image`);
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
  return isFirst
    ? { name: input.name, dims: [first!, ...size], layout: 'image' }
    : { name: input.name, dims: [...size, third!], layout: 'plain' };
}

/** undefined where a side is open. */
function sidesOf({ type }: ValueInfoProto): (number | undefined)[] {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  return (shape?.dim ?? []).map(({ value }) => {
    const side = value.case === 'dimValue' ? Number(value.value) : 0;
    return side > 0 ? side : undefined;
  });
}
