/** Operators of ONNX that slide a window over an image. */
import { swapLast } from '../../architectures/graph/transposed_window.ts';
import {
  addPadding,
  dilatedWindow,
  isPadded,
  NO_PADDING,
  type Padding,
  samePadding,
} from '../../architectures/graph/window.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { mirroredNodes } from '../mirrored_borders.ts';
import { paddedNodes } from '../padded_channels.ts';
import { Attributes, type Made, type OnnxDraft } from './draft.ts';

type Pair = readonly [number, number];

/** Two numbers an attribute may have. */
function pair(node: NodeProto, draft: OnnxDraft, name: string, otherwise: Pair | undefined): Pair {
  const values = new Attributes(node).ints(name) ?? otherwise;
  if (values?.length === 2 && values.every((value) => value > 0)) return [values[0], values[1]];
  throw draft.unsupported(
    node,
    `${name} of ${values === undefined ? 'no numbers' : `[${values}]`}`,
  );
}

/** Zeros around the image: explicit, or by `auto_pad`. */
function paddingOf(
  node: NodeProto,
  draft: OnnxDraft,
  { dims: [, height, width] }: Made,
  window: Pair,
  strides: Pair,
): Padding {
  const attributes = new Attributes(node);
  const auto = attributes.text('auto_pad') ?? 'NOTSET';
  const size = [height, width];
  switch (auto) {
    case 'VALID':
      return NO_PADDING;
    case 'SAME_UPPER':
      return samePadding(size, window, strides);
    case 'SAME_LOWER': {
      const { top, bottom, left, right } = samePadding(size, window, strides);
      return { top: bottom, bottom: top, left: right, right: left };
    }
    case 'NOTSET': {
      const pads = attributes.ints('pads') ?? [0, 0, 0, 0];
      const [top, left, bottom, right] = pads;
      if (pads.length === 4 && pads.every((side) => side >= 0)) return { top, left, bottom, right };
      throw draft.unsupported(node, `pads of [${pads}]`);
    }
    default:
      throw draft.unsupported(node, `auto_pad ${auto}`);
  }
}

/** kernel: [M, C / groups, kh, kw] */
export function convolution(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const input = draft.asImage(node, draft.input(node));
  const { shape, values } = draft.required(node, 1, 'weights');
  if (shape.length !== 4) throw draft.unsupported(node, `weights [${shape}]`);
  const [outputs, depth, kh, kw] = shape;
  const [channels] = input.dims;
  const groups = attributes.int('group', 1);
  if (depth * groups !== channels || groups < 1 || outputs % groups !== 0) {
    throw draft.unsupported(node, `weights [${shape}] in ${groups} groups for [N,${input.dims}]`);
  }
  const dilations = pair(node, draft, 'dilations', [1, 1]);
  const strides = pair(node, draft, 'strides', [1, 1]);
  const window = dilatedWindow([kh, kw], dilations);
  const bias = biasOf(node, draft, outputs);
  const common = {
    strides,
    padding: paddingOf(node, draft, input, window, strides),
    ...(dilations.some((rate) => rate !== 1) && { dilations }),
    activation: 'linear',
  } as const;
  const base = draft.base(node, [input]);
  const kernel = Float32Array.from(values);
  if (depth === 1 && groups > 1) {
    draft.add(node.output[0], 'image', {
      ...base,
      ...common,
      op: 'depthwiseConv2d',
      kernel: tapsFirst(kernel, outputs, kh * kw),
      kernelShape: [kh, kw, channels, outputs / channels],
      bias,
    });
    return;
  }
  draft.add(node.output[0], 'image', {
    ...base,
    ...common,
    op: 'conv2d',
    kernel: outputsLast(kernel, outputs, depth, kh * kw),
    kernelShape: [kh, kw, depth, outputs],
    bias,
    ...(groups > 1 && { groups }),
  });
}

/** kernel: [C, M / groups, kh, kw]; groups become zeros between them, which cost nothing in accuracy. */
export function transposedConvolution(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const input = draft.asImage(node, draft.input(node));
  const { shape, values } = draft.required(node, 1, 'weights');
  if (shape.length !== 4) throw draft.unsupported(node, `weights [${shape}]`);
  const [depth, each, kh, kw] = shape;
  const groups = attributes.int('group', 1);
  const outputs = each * groups;
  if (depth !== input.dims[0] || groups < 1 || depth % groups !== 0) {
    throw draft.unsupported(node, `weights [${shape}] in ${groups} groups for [N,${input.dims}]`);
  }
  const kernel = withoutGroups(Float32Array.from(values), depth, each * kh * kw, groups);
  const auto = attributes.text('auto_pad') ?? 'NOTSET';
  const isSame = auto.startsWith('SAME') || attributes.has('output_shape');
  const dilations = attributes.ints('dilations') ?? [];
  if (isSame || dilations.some((rate) => rate !== 1)) {
    throw draft.unsupported(node, 'padding by the output, or dilations');
  }
  const strides = pair(node, draft, 'strides', [1, 1]);
  const [rows, columns] = attributes.ints('output_padding') ?? [0, 0];
  draft.add(node.output[0], 'image', {
    ...draft.base(node, [input]),
    op: 'transposedConv2d',
    // As a convolution's whose outputs are the inputs, turned around.
    kernel: swapLast(outputsLast(kernel, depth, outputs, kh * kw), outputs, depth),
    kernelShape: [kh, kw, depth, outputs],
    bias: biasOf(node, draft, outputs),
    strides,
    padding: paddingOf(node, draft, input, [kh, kw], strides),
    ...(rows + columns > 0 && { outputPadding: [rows, columns] as const }),
    activation: 'linear',
  });
}

/** [C, each] → [C, groups · each]: each group's where its outputs are, zeros elsewhere. */
function withoutGroups(
  values: Float32Array,
  depth: number,
  each: number,
  groups: number,
): Float32Array {
  if (groups === 1) return values;
  const dense = new Float32Array(values.length * groups);
  for (let c = 0; c < depth; c++) {
    const group = Math.floor((c * groups) / depth);
    const own = values.subarray(c * each, (c + 1) * each);
    dense.set(own, (c * groups + group) * each);
  }
  return dense;
}

export function biasOf(node: NodeProto, draft: OnnxDraft, outputs: number): Float32Array {
  if ((node.input[2] ?? '') === '') return new Float32Array(outputs);
  const { values } = draft.required(node, 2, 'biases');
  if (values.length === outputs) return Float32Array.from(values);
  if (values.length === 1) return new Float32Array(outputs).fill(values[0]);
  throw draft.unsupported(node, `${values.length} biases of ${outputs} outputs`);
}

/** [M, C, taps] → [taps, C, M] */
function outputsLast(
  values: Float32Array,
  outputs: number,
  depth: number,
  taps: number,
): Float32Array {
  const moved = new Float32Array(values.length);
  let from = 0;
  for (let m = 0; m < outputs; m++) {
    for (let c = 0; c < depth; c++) {
      for (let tap = 0; tap < taps; tap++) moved[(tap * depth + c) * outputs + m] = values[from++];
    }
  }
  return moved;
}

/** [M, taps] → [taps, M] */
function tapsFirst(values: Float32Array, outputs: number, taps: number): Float32Array {
  return outputsLast(values, outputs, 1, taps);
}

export function pool(op: 'averagePool2d' | 'maxPool2d') {
  return (node: NodeProto, draft: OnnxDraft): void => {
    const attributes = new Attributes(node);
    const input = draft.asImage(node, draft.input(node));
    const windowShape = pair(node, draft, 'kernel_shape', undefined);
    const strides = pair(node, draft, 'strides', [1, 1]);
    const dilations = attributes.ints('dilations') ?? [1, 1];
    if (dilations.some((rate) => rate !== 1)) {
      throw draft.unsupported(node, `dilations of [${dilations}]`);
    }
    const padding = paddingOf(node, draft, input, windowShape, strides);
    const rest =
      attributes.int('ceil_mode', 0) === 0
        ? NO_PADDING
        : ceiled(input, windowShape, strides, padding);
    const base = draft.base(node, [input]);
    const countsZeros =
      op === 'averagePool2d' && attributes.int('count_include_pad', 0) !== 0 && isPadded(padding);
    if (!countsZeros) {
      const all = addPadding(padding, rest);
      draft.add(node.output[0], 'image', { ...base, op, windowShape, strides, padding: all });
      return;
    }
    if (isPadded(rest)) throw draft.unsupported(node, 'ceil_mode with zeros that count');
    const padded = `${base.name}/pad`;
    draft.add(
      node.output[0],
      'image',
      { ...base, op: 'pad', name: padded, padding },
      { ...base, op, inputs: [padded], windowShape, strides, padding: NO_PADDING },
    );
  };
}

/** What `ceil_mode` adds below and to the right; no window begins there. */
function ceiled(
  { dims: [, height, width] }: Made,
  window: Pair,
  strides: Pair,
  { top, bottom, left, right }: Padding,
): Padding {
  const missing = (size: number, before: number, after: number, axis: 0 | 1) => {
    const free = size + before + after - window[axis];
    const extra = Math.ceil(free / strides[axis]) * strides[axis] - free;
    const start = Math.ceil(free / strides[axis]) * strides[axis];
    return start >= size + before ? 0 : extra;
  };
  return {
    ...NO_PADDING,
    bottom: missing(height, top, bottom, 0),
    right: missing(width, left, right, 1),
  };
}

export function globalMaxPool(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.asImage(node, draft.input(node));
  const [, height, width] = input.dims;
  draft.add(node.output[0], 'image', {
    ...draft.base(node, [input]),
    op: 'maxPool2d',
    windowShape: [height, width],
    strides: [1, 1],
    padding: NO_PADDING,
  });
}

/** ONNX's names of them. */
function isMirror(mode: string): mode is 'reflect' | 'edge' {
  return mode === 'reflect' || mode === 'edge';
}

/**
 * Zeros around the image, or channels of zeros: columns of zeros of the image turned, [H, C, W]. Or rows and
 * columns of its own.
 */
export function pad(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const input = draft.asImage(node, draft.input(node));
  const mode = attributes.text('mode') ?? 'constant';
  const pads = attributes.ints('pads') ?? draft.numbers(node, 1) ?? [];
  const value = attributes.has('value')
    ? attributes.float('value', 0)
    : (draft.numbers(node, 2)?.[0] ?? 0);
  const given = draft.numbers(node, 3)?.map((axis) => (axis < 0 ? axis + 4 : axis));
  const axes = given ?? [0, 1, 2, 3];
  if (axes.some((axis) => ![0, 1, 2, 3].includes(axis))) {
    throw draft.unsupported(node, `padding of the axes ${axes.join(', ')}`);
  }
  const all = Array<number>(8).fill(0);
  for (const [at, axis] of axes.entries()) {
    all[axis] = pads[at];
    all[axis + 4] = pads[at + axes.length];
  }
  const [n, before, top, left, nBehind, behind, bottom, right] = all;
  const isSound = pads.length === 2 * axes.length && all.every((side) => side >= 0);
  const [output] = node.output;
  const base = draft.base(node, [input]);
  const padding = { top, left, bottom, right };
  const isOfZeros = mode === 'constant' && value === 0;
  const mirrored =
    isSound && isMirror(mode) && before + behind === 0
      ? mirroredNodes(base, draft.shapeOf(input), padding, mode)
      : undefined;
  if (!(isOfZeros || mirrored) || n + nBehind !== 0 || !isSound) {
    throw draft.unsupported(
      node,
      `padding other than zeros, or rows and columns of its own, around an image (${mode}, [${pads}])`,
    );
  }
  if (mirrored !== undefined) {
    draft.add(output, 'image', ...mirrored);
    return;
  }
  draft.add(output, 'image', ...paddedNodes(base, padding, [before, behind], 'wider'));
}
