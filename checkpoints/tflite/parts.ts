/** Operators that take tensors apart by steps or indices, and that stack them. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import type { GraphDraft, Made } from './graph_draft.ts';
import { baseOf, constantOf, inputOf } from './reading.ts';
import type { TfliteOperator } from './tflite_file.ts';

/** Along an axis of the graph. */
interface Part {
  readonly begin: number;
  readonly size: number;
  readonly step: number;
}

function partNode(
  operator: TfliteOperator,
  name: string,
  input: Made,
  along: ReadonlyMap<number, Part>,
): FloatNode {
  const of = (axis: number) => along.get(axis) ?? { begin: 0, size: input.shape[axis], step: 1 };
  return {
    name,
    inputs: [input.name],
    className: operator.name,
    op: 'slice',
    begin: input.shape.map((_, axis) => of(axis).begin),
    size: input.shape.map((_, axis) => of(axis).size),
    strides: input.shape.map((_, axis) => of(axis).step),
  };
}

/** An axis of the file, the batch counted, as one of the graph's `rank` axes. */
function graphAxis(
  operator: TfliteOperator,
  draft: GraphDraft,
  rank: number,
  axis: number,
): number {
  const own = (axis < 0 ? axis + rank + 1 : axis) - 1;
  if (own >= 0 && own < rank) return own;
  throw draft.unsupported(operator, `the axis ${axis}`);
}

const isSet = (mask: number, axis: number) => ((mask >> axis) & 1) === 1;

/** From a beginning to an end by steps; an axis of one index may go. The batch stays whole. */
export function stridedSlice(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const begins = constantOf(operator, draft, 1, 'beginnings').values;
  const ends = constantOf(operator, draft, 2, 'ends').values;
  const steps = constantOf(operator, draft, 3, 'steps').values;
  const mask = (name: keyof typeof schema.STRIDED_SLICE_MASKS) =>
    operator.options(schema.STRIDED_SLICE_MASKS, name);
  const [beginMask, endMask, gone] = [mask('begin'), mask('end'), mask('shrinkAxis')];
  const sides = [1, ...input.shape];
  const isPlain = mask('ellipsis') === 0 && mask('newAxis') === 0 && mask('isOffset') === 0;
  if (!isPlain || begins.length > sides.length || isSet(gone, 0)) {
    throw draft.unsupported(operator, `parts of ${begins.length} axes of [N,${input.shape}]`);
  }
  const along = new Map<number, Part>();
  for (const [axis, step] of steps.entries()) {
    const side = sides[axis];
    const at = (value: number) => Math.min(Math.max(value < 0 ? value + side : value, 0), side);
    const begin = isSet(beginMask, axis) ? 0 : at(begins[axis]);
    const last = isSet(endMask, axis) ? side : at(ends[axis]);
    const size = isSet(gone, axis) ? 1 : Math.ceil((last - begin) / step);
    const isWhole = begin === 0 && size === side && step === 1;
    if (!(step >= 1 && size >= 1) || (axis === 0 && !isWhole)) {
      throw draft.unsupported(operator, `a part of axis ${axis} from ${begin} by steps of ${step}`);
    }
    if (axis > 0) along.set(axis - 1, { begin, size, step });
  }
  const [output] = operator.outputs;
  const base = baseOf(operator, draft, [input]);
  const kept = [...along].filter(([axis]) => !isSet(gone, axis + 1));
  if (kept.length === along.size) {
    draft.add(output, partNode(operator, base.name, input, along));
    return;
  }
  const part = partNode(operator, `${base.name}/slice`, input, along);
  const target = input.shape.flatMap((side, axis) =>
    isSet(gone, axis + 1) ? [] : [along.get(axis)?.size ?? side],
  );
  draft.add(output, part, { ...base, inputs: [part.name], op: 'reshape', target });
}

/** Parts of given sizes along an axis, an output each; −1 is what the others leave. */
export function splitBySizes(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const given = [...constantOf(operator, draft, 1, 'sizes').values];
  const [fileAxis] = constantOf(operator, draft, 2, 'axes').values;
  const axis = graphAxis(operator, draft, input.shape.length, fileAxis);
  const rest = input.shape[axis] - given.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const sizes = given.map((size) => (size === -1 ? rest : size));
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sum !== input.shape[axis] || sizes.length !== operator.outputs.length) {
    throw draft.unsupported(operator, `parts of ${sizes.join(', ')} of [N,${input.shape}]`);
  }
  let begin = 0;
  for (const [index, output] of operator.outputs.entries()) {
    const size = sizes[index];
    const along = new Map([[axis, { begin, size, step: 1 }]]);
    draft.add(output, partNode(operator, draft.nameOf(output), input, along));
    begin += size;
  }
}

/** Each index of an axis, an output each, without the axis. */
export function unpack(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const fileAxis = operator.options(schema.UNPACK, 'axis');
  const axis = graphAxis(operator, draft, input.shape.length, fileAxis);
  const target = input.shape.toSpliced(axis, 1);
  if (input.shape[axis] !== operator.outputs.length || target.length === 0) {
    throw draft.unsupported(operator, `${operator.outputs.length} parts of [N,${input.shape}]`);
  }
  for (const [index, output] of operator.outputs.entries()) {
    const name = draft.nameOf(output);
    const along = new Map([[axis, { begin: index, size: 1, step: 1 }]]);
    const part = partNode(operator, `${name}/slice`, input, along);
    draft.add(output, part, {
      name,
      inputs: [part.name],
      className: operator.name,
      op: 'reshape',
      target,
    });
  }
}

/** Tensors of one shape along a new axis: of each side 1 there, joined. */
export function pack(operator: TfliteOperator, draft: GraphDraft): void {
  const inputs = operator.inputs.map((_, at) => inputOf(operator, draft, at));
  const [{ shape }] = inputs;
  const axis = graphAxis(operator, draft, shape.length + 1, operator.options(schema.PACK, 'axis'));
  const target = shape.toSpliced(axis, 0, 1);
  const base = baseOf(operator, draft, inputs);
  const parts = inputs.map(
    ({ name }, index): FloatNode => ({
      ...base,
      name: `${base.name}/${index + 1}`,
      inputs: [name],
      op: 'reshape',
      target,
    }),
  );
  const joined: FloatNode = {
    ...base,
    inputs: parts.map(({ name }) => name),
    op: 'concat',
    axis: axis - target.length,
  };
  draft.add(operator.outputs[0], ...parts, joined);
}
