/** Operators that move values and compute none: padding, slices, other shapes and sizes. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { elements } from '../../architectures/graph/shape.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import { mirroredNodes } from '../mirrored_borders.ts';
import { paddedNodes } from '../padded_channels.ts';
import type { GraphDraft } from './graph_draft.ts';
import {
  addWith,
  baseOf,
  constantOf,
  fused,
  inputOf,
  positive,
  type ReadOperator,
} from './reading.ts';
import type { TfliteOperator } from './tflite_file.ts';

export function concatenation(operator: TfliteOperator, draft: GraphDraft): void {
  const inputs = operator.inputs.map((_, at) => inputOf(operator, draft, at));
  const rank = inputs[0].shape.length + 1;
  const axis = operator.options(schema.CONCATENATION.options, 'axis');
  const fromEnd = axis < 0 ? axis : axis - rank;
  if (fromEnd >= 0 || fromEnd <= -rank) throw draft.unsupported(operator, `the axis ${axis}`);
  const node: FloatNode = { ...baseOf(operator, draft, inputs), op: 'concat', axis: fromEnd };
  addWith(operator, draft, node, fused(operator, draft, schema.CONCATENATION_ACTIVATION));
}

/** Zeros around the image, or channels of zeros: columns of zeros of the image turned, [H, C, W]. */
export function pad(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { values } = constantOf(operator, draft, 1, 'paddings');
  const filled = operator.inputs.length > 2 ? constantOf(operator, draft, 2, 'values').values : [0];
  const [batchBefore, batchAfter, top, bottom, left, right, before, behind] = values;
  const isSound = [top, bottom, left, right, before, behind].every((side) => side >= 0);
  if (values.length !== 8 || batchBefore !== 0 || batchAfter !== 0 || !isSound || filled[0] !== 0) {
    throw draft.unsupported(operator, 'padding other than zeros around an image');
  }
  const [output] = operator.outputs;
  const base = baseOf(operator, draft, [input]);
  const padding = { top, bottom, left, right };
  draft.add(output, ...paddedNodes(base, padding, [before, behind], 'channels'));
}

export function mirrorPad(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { values } = constantOf(operator, draft, 1, 'paddings');
  const [, , top, bottom, left, right] = values;
  const [output] = operator.outputs;
  const base = baseOf(operator, draft, [input]);
  const mirror = operator.options(schema.MIRROR_PAD_MODE, 'mode') === 0 ? 'reflect' : 'symmetric';
  const isOfImage = values.length === 8 && [0, 1, 6, 7].every((at) => values[at] === 0);
  const nodes = isOfImage
    ? mirroredNodes(base, input.shape, { top, bottom, left, right }, mirror)
    : undefined;
  if (nodes === undefined) throw draft.unsupported(operator, `borders of [${values}]`);
  draft.add(output, ...nodes);
}

/** To the shape that the file says the result has. */
export function reshape(operator: TfliteOperator, draft: GraphDraft): void {
  const [output] = operator.outputs;
  // A shape that is a constant goes through to where it is read.
  if (draft.find(operator.inputs[0]) === undefined && draft.constant(operator.inputs[0])) {
    throw draft.unsupported(operator, `${operator.name} of a constant`);
  }
  const input = inputOf(operator, draft);
  const { shape } = draft.tensor(output);
  const count = elements(input.shape);
  // The batch in front may have been squeezed away.
  const target = elements(shape.slice(1)) === count ? shape.slice(1) : shape;
  if (elements(target) !== count || target.length === 0) {
    throw draft.unsupported(operator, `[N,${input.shape}] as [${shape}]`);
  }
  draft.add(output, { ...baseOf(operator, draft, [input]), op: 'reshape', target });
}

export function resize(
  method: 'bilinear' | 'nearest',
  options: typeof schema.RESIZE_BILINEAR.options | typeof schema.RESIZE_NEAREST_NEIGHBOR.options,
): ReadOperator {
  return (operator, draft) => {
    const { values } = constantOf(operator, draft, 1, 'sizes');
    const [height, width] = values;
    const isAligned = operator.options(options, 'alignCorners') !== 0;
    const isHalfPixel = operator.options(options, 'halfPixelCenters') !== 0;
    draft.add(operator.outputs[0], {
      ...baseOf(operator, draft, [inputOf(operator, draft)]),
      op: 'resize',
      size: [height, width],
      method,
      corners: isAligned ? 'aligned' : isHalfPixel ? 'halfPixel' : 'asymmetric',
    });
  };
}

/** Of the axes behind the batch, which stays in front. */
export function transpose(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { values } = constantOf(operator, draft, 1, 'axes');
  const [first, ...axes] = values;
  if (first !== 0) throw draft.unsupported(operator, `the axes ${values.join(', ')}`);
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'transpose',
    permutation: axes.map((axis) => axis - 1),
  });
}

export function blocks(op: 'spaceToDepth' | 'depthToSpace'): ReadOperator {
  return (operator, draft) => {
    const block = positive(operator, draft, schema.BLOCK, 'size');
    const base = baseOf(operator, draft, [inputOf(operator, draft)]);
    draft.add(operator.outputs[0], { ...base, op, block });
  };
}

/** Equal parts along an axis, an output each. */
export function split(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft, 1);
  const rank = input.shape.length + 1;
  const { values } = constantOf(operator, draft, 0, 'axes');
  const axis = (values[0] < 0 ? values[0] + rank : values[0]) - 1;
  const part = input.shape[axis] / operator.outputs.length;
  if (!Number.isSafeInteger(part)) {
    throw draft.unsupported(operator, `${operator.outputs.length} parts of [N,${input.shape}]`);
  }
  operator.outputs.forEach((output, index) => {
    draft.add(output, {
      name: draft.nameOf(output),
      inputs: [input.name],
      className: operator.name,
      op: 'slice',
      begin: input.shape.map((_, at) => (at === axis ? index * part : 0)),
      size: input.shape.with(axis, part),
      strides: input.shape.map(() => 1),
    });
  });
}

/** Of each image: the batch stays whole. */
export function slice(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const [first, ...begin] = constantOf(operator, draft, 1, 'beginnings').values;
  const [, ...sizes] = constantOf(operator, draft, 2, 'sizes').values;
  // −1 is all that follows.
  const size = sizes.map((count, axis) => (count === -1 ? input.shape[axis] - begin[axis] : count));
  if (first !== 0 || begin.length !== size.length || begin.some((at) => at < 0)) {
    throw draft.unsupported(operator, `a part from [${[first, ...begin]}] on`);
  }
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'slice',
    begin,
    size,
    strides: size.map(() => 1),
  });
}
