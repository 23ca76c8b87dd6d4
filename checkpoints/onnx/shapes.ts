/** Operators of ONNX that move values: shapes, axes, parts; and those that sum over whole axes. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { elements, type Shape } from '../../architectures/graph/shape.ts';
import { NO_PADDING } from '../../architectures/graph/window.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { Attributes, flattenedOrder, type Made, type OnnxDraft } from './draft.ts';
import { biasOf } from './windows.ts';

/** The same values. */
export function same(node: NodeProto, draft: OnnxDraft): void {
  draft.set(node.output[0], draft.input(node));
}

export function cast(node: NodeProto, draft: OnnxDraft): void {
  const to = new Attributes(node).int('to', 1);
  if (![1, 10, 11].includes(to)) throw draft.unsupported(node, `a cast to data type ${to}`);
  same(node, draft);
}

export function flatten(node: NodeProto, draft: OnnxDraft): void {
  const axis = new Attributes(node).int('axis', 1);
  const input = draft.input(node);
  if (axis !== 1) throw draft.unsupported(node, `the axis ${axis}; it has 1`);
  reshapeTo(node, draft, input, [elements(input.dims)]);
}

export function reshape(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.input(node);
  const asked = draft.numbers(node, 1) ?? new Attributes(node).ints('shape') ?? [];
  const whole = [1, ...input.dims];
  const allowsZero = new Attributes(node).int('allowzero', 0) !== 0;
  const sides = asked.map((side, axis) => (side === 0 && !allowsZero ? (whole[axis] ?? 0) : side));
  const known = sides.filter((side) => side !== -1).reduce((a, b) => a * b, 1);
  const count = elements(input.dims);
  const target = sides.map((side) => (side === -1 ? count / known : side));
  // Of a file that is made for several images, which are read one by one.
  if (target[0] === draft.batch && elements(target) === draft.batch * count) target[0] = 1;
  if (target[0] !== 1 || elements(target) !== count || target.length < 2) {
    throw draft.unsupported(node, `[N,${input.dims}] as [${asked}]`);
  }
  reshapeTo(node, draft, input, target.slice(1));
}

function reshapeTo(node: NodeProto, draft: OnnxDraft, input: Made, target: Shape): void {
  const [output] = node.output;
  if (target.join() === input.dims.join()) {
    draft.set(output, input);
    return;
  }
  const shape = draft.shapeOf(input);
  // What has one pixel stands in any order of its axes.
  const isPixel = shape.length === 3 && shape[0] === 1 && shape[1] === 1;
  if (input.layout === 'image' && target.length === 1 && !isPixel) {
    draft.set(output, { name: input.name, dims: target, layout: 'flat' });
    return;
  }
  if (input.layout === 'flat' && target.length === 3 && sameImage(shape, target)) {
    draft.set(output, { name: input.name, dims: target, layout: 'image' });
    return;
  }
  const source = isPixel ? input : draft.asPlain(input);
  const isImage = target.length === 3 && target[1] === 1 && target[2] === 1;
  const base = draft.base(node, [source]);
  const own = isImage ? [1, 1, target[0]] : target;
  draft.add(output, isImage ? 'image' : 'plain', { ...base, op: 'reshape', target: own });
}

function sameImage([height, width, channels]: Shape, target: Shape): boolean {
  return target.join() === [channels, height, width].join();
}

export function squeeze(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.input(node);
  const rank = input.dims.length + 1;
  const given = new Attributes(node).ints('axes') ?? draft.numbers(node, 1);
  const axes = given?.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes?.some((axis) => axis < 1 || axis >= rank || input.dims[axis - 1] !== 1)) {
    throw draft.unsupported(node, `the axes ${given?.join(', ')} of [N,${input.dims}]`);
  }
  const target = input.dims.filter((side, axis) =>
    axes === undefined ? side !== 1 : !axes.includes(axis + 1),
  );
  reshapeTo(node, draft, input, target);
}

export function unsqueeze(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.input(node);
  const given = new Attributes(node).ints('axes') ?? draft.numbers(node, 1) ?? [];
  const rank = input.dims.length + 1 + given.length;
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis)).toSorted((a, b) => a - b);
  if (axes.some((axis) => axis < 1 || axis >= rank)) {
    throw draft.unsupported(node, `the axes ${given.join(', ')}`);
  }
  const target = [...input.dims];
  for (const axis of axes) target.splice(axis - 1, 0, 1);
  reshapeTo(node, draft, input, target);
}

const TO_LAST = '0,2,3,1';
const TO_FIRST = '0,3,1,2';

export function transpose(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.input(node);
  const rank = input.dims.length + 1;
  const perm = new Attributes(node).ints('perm') ?? [];
  if (perm.length !== rank || perm[0] !== 0) throw draft.unsupported(node, `the axes [${perm}]`);
  const dims = perm.slice(1).map((axis) => input.dims[axis - 1]);
  // The graph's order of axes already.
  if (input.layout === 'image' && perm.join() === TO_LAST) {
    draft.set(node.output[0], { name: input.name, dims, layout: 'plain' });
    return;
  }
  if (input.layout === 'plain' && perm.join() === TO_FIRST) {
    draft.set(node.output[0], { name: input.name, dims, layout: 'image' });
    return;
  }
  const plain = draft.asPlain(input);
  draft.add(node.output[0], 'plain', {
    ...draft.base(node, [plain]),
    op: 'transpose',
    permutation: perm.slice(1).map((axis) => axis - 1),
  });
}

/** An axis of ONNX's tensor, the batch counted, as one of the graph's without it. */
function graphAxis(
  node: NodeProto,
  draft: OnnxDraft,
  { dims, layout }: Made,
  axis: number,
): number {
  const rank = dims.length + 1;
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 1 || positive >= rank) throw draft.unsupported(node, `the axis ${axis}`);
  return layout === 'image' ? [2, 0, 1][positive - 1] : positive - 1;
}

function unflattened(draft: OnnxDraft, made: Made): Made {
  return made.layout === 'flat' ? draft.asPlain(made) : made;
}

function layoutOf({ layout }: Made): 'image' | 'plain' {
  return layout === 'image' ? 'image' : 'plain';
}

export function concat(node: NodeProto, draft: OnnxDraft): void {
  const tensors = node.input.map((_, at) => draft.input(node, at));
  const areImages = tensors.every(({ layout }) => layout === 'image');
  const inputs = areImages ? tensors : tensors.map((made) => draft.asPlain(made));
  if (inputs.length === 1) {
    draft.set(node.output[0], inputs[0]);
    return;
  }
  const axis = graphAxis(node, draft, inputs[0], new Attributes(node).int('axis', 1));
  draft.add(node.output[0], areImages ? 'image' : 'plain', {
    ...draft.base(node, inputs),
    op: 'concat',
    axis: axis - inputs[0].dims.length,
  });
}

function part(
  node: NodeProto,
  draft: OnnxDraft,
  input: Made,
  output: string,
  along: ReadonlyMap<
    number,
    { readonly begin: number; readonly size: number; readonly step: number }
  >,
): void {
  const shape = draft.shapeOf(input);
  const of = (axis: number) => along.get(axis) ?? { begin: 0, size: shape[axis], step: 1 };
  const sliced: FloatNode = {
    ...draft.base({ ...node, output: [output] }, [input]),
    op: 'slice',
    begin: shape.map((_, axis) => of(axis).begin),
    size: shape.map((_, axis) => of(axis).size),
    strides: shape.map((_, axis) => of(axis).step),
  };
  draft.add(output, layoutOf(input), sliced);
}

export function split(node: NodeProto, draft: OnnxDraft): void {
  const input = unflattened(draft, draft.input(node));
  const attributes = new Attributes(node);
  const axis = graphAxis(node, draft, input, attributes.int('axis', 0));
  const side = draft.shapeOf(input)[axis];
  const count = node.output.length;
  const equal = Math.ceil(side / count);
  const sizes =
    attributes.ints('split') ??
    draft.numbers(node, 1) ??
    node.output.map((_, index) => Math.min(equal, side - index * equal));
  if (sizes.length !== count || sizes.reduce((a, b) => a + b, 0) !== side) {
    throw draft.unsupported(node, `parts of ${sizes.join(', ')} of ${side}`);
  }
  let begin = 0;
  for (const [index, output] of node.output.entries()) {
    const size = sizes[index];
    if (output !== '')
      part(node, draft, input, output, new Map([[axis, { begin, size, step: 1 }]]));
    begin += size;
  }
}

export function slice(node: NodeProto, draft: OnnxDraft): void {
  const input = unflattened(draft, draft.input(node));
  const attributes = new Attributes(node);
  const starts = attributes.ints('starts') ?? draft.numbers(node, 1) ?? [];
  const ends = attributes.ints('ends') ?? draft.numbers(node, 2) ?? [];
  const axes = attributes.ints('axes') ?? draft.numbers(node, 3) ?? starts.map((_, axis) => axis);
  const steps = draft.numbers(node, 4) ?? starts.map(() => 1);
  const along = new Map<number, { begin: number; size: number; step: number }>();
  for (const [index, onnxAxis] of axes.entries()) {
    const axis = graphAxis(node, draft, input, onnxAxis);
    const side = draft.shapeOf(input)[axis];
    const step = steps[index];
    const isBack = step < 0;
    // Backwards a part begins at the last place and may end in front of the first.
    const [least, most] = isBack ? [-1, side - 1] : [0, side];
    const at = (value: number) => Math.min(Math.max(value < 0 ? value + side : value, least), most);
    const begin = at(starts[index]);
    const size = Math.ceil((at(ends[index]) - begin) / step);
    if (!(step !== 0 && size > 0)) {
      throw draft.unsupported(node, `a part of ${size} values by steps of ${step}`);
    }
    if (isBack && axes.length === 1) {
      const places = Array.from({ length: size }, (_, place) => begin + place * step);
      chosen(node, draft, input, axis, places);
      return;
    }
    if (isBack) throw draft.unsupported(node, `steps of ${step} along one of several axes`);
    along.set(axis, { begin, size, step });
  }
  part(node, draft, input, node.output[0], along);
}

/** Above the channels that a network of images orders anew one by one. */
const MAX_PARTS = 64;

/** By constant indices along an axis, which goes where it is one index. */
export function gather(node: NodeProto, draft: OnnxDraft): void {
  const input = unflattened(draft, draft.input(node));
  const axis = graphAxis(node, draft, input, new Attributes(node).int('axis', 0));
  const { shape, values } = draft.required(node, 1, 'indices');
  const side = draft.shapeOf(input)[axis];
  const places = Array.from(values, (index) => (index < 0 ? index + side : index));
  if (shape.length > 1 || places.some((place) => !(place >= 0 && place < side))) {
    throw draft.unsupported(node, `the indices [${values}] of ${side}`);
  }
  const made = chosen(node, draft, input, axis, places);
  if (shape.length === 1) return;
  const along = made.layout === 'image' ? [1, 2, 0][axis] : axis;
  reshapeTo(node, draft, made, made.dims.toSpliced(along, 1));
}

/** Indices along an axis of the graph, in any order: runs of them, joined. */
function chosen(
  node: NodeProto,
  draft: OnnxDraft,
  input: Made,
  axis: number,
  places: readonly number[],
): Made {
  const runs: { begin: number; size: number; step: 1 }[] = [];
  for (const place of places) {
    const run = runs.at(-1);
    if (run !== undefined && place === run.begin + run.size) run.size++;
    else runs.push({ begin: place, size: 1, step: 1 });
  }
  if (runs.length === 0 || runs.length > MAX_PARTS) {
    throw draft.unsupported(node, `${runs.length} parts; it has 1 to ${MAX_PARTS}`);
  }
  const [output] = node.output;
  const named = (index: number) => (runs.length === 1 ? output : `${output}/${index + 1}`);
  const parts = runs.map((run, index) => {
    part(node, draft, input, named(index), new Map([[axis, run]]));
    return draft.find(named(index))!;
  });
  if (parts.length === 1) return parts[0];
  const base = draft.base(node, parts);
  const rank = draft.shapeOf(input).length;
  return draft.add(output, layoutOf(input), { ...base, op: 'concat', axis: axis - rank });
}

/** weights: [K, M], or [M, K] where they are transposed */
export function gemm(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const [alpha, beta] = [attributes.float('alpha', 1), attributes.float('beta', 1)];
  if (attributes.int('transA', 0) !== 0) throw draft.unsupported(node, 'a transposed input');
  const isTransposed = attributes.int('transB', 0) !== 0;
  const { shape, values } = draft.required(node, 1, 'weights');
  if (shape.length !== 2) throw draft.unsupported(node, `weights [${shape}]`);
  const [outputs, depth] = isTransposed ? shape : [shape[1], shape[0]];
  const weights = Float32Array.from(values, (value) => alpha * value);
  const bias = biasOf(node, draft, outputs).map((value) => beta * value);
  const kernel = isTransposed ? swapped(weights, outputs, depth) : weights;
  fullyConnected(node, draft, kernel, [depth, outputs], bias);
}

/** By a constant [K, M]. */
export function matMul(node: NodeProto, draft: OnnxDraft): void {
  const { shape, values } = draft.required(node, 1, 'weights');
  if (shape.length !== 2) throw draft.unsupported(node, `weights [${shape}]`);
  const [depth, outputs] = shape;
  const kernel = Float32Array.from(values);
  fullyConnected(node, draft, kernel, [depth, outputs], new Float32Array(outputs));
}

/** @param kernel [K, M], by ONNX's order of the input */
function fullyConnected(
  node: NodeProto,
  draft: OnnxDraft,
  kernel: Float32Array,
  [depth, outputs]: readonly [number, number],
  bias: Float32Array,
): void {
  const input = draft.input(node);
  const common = {
    kernelShape: [1, 1, depth, outputs],
    bias,
    strides: [1, 1],
    padding: NO_PADDING,
    activation: 'linear',
  } as const;
  if (input.dims.length === 1 && input.dims[0] === depth) {
    const own =
      input.layout === 'flat' ? byGraphOrder(kernel, draft.shapeOf(input), outputs) : kernel;
    const base = draft.base(node, [input]);
    draft.add(node.output[0], 'plain', { ...base, ...common, op: 'fullyConnected', kernel: own });
    return;
  }
  // The same of each position.
  const plain = draft.asPlain(input);
  if (node.opType !== 'MatMul' || plain.dims.length !== 3 || plain.dims[2] !== depth) {
    throw draft.unsupported(node, `weights of ${depth} values for [N,${input.dims}]`);
  }
  const base = draft.base(node, [plain]);
  draft.add(node.output[0], 'plain', { ...base, ...common, op: 'conv2d', kernel });
}

/** [M, K] → [K, M] */
function swapped(values: Float32Array, outputs: number, depth: number): Float32Array {
  const moved = new Float32Array(values.length);
  for (let m = 0; m < outputs; m++) {
    for (let k = 0; k < depth; k++) moved[k * outputs + m] = values[m * depth + k];
  }
  return moved;
}

/** The rows of [C · H · W, M] in the order of an image [H, W, C]. */
function byGraphOrder(kernel: Float32Array, image: Shape, outputs: number): Float32Array {
  const moved = new Float32Array(kernel.length);
  flattenedOrder(image).forEach((from, to) => {
    moved.set(kernel.subarray(from * outputs, (from + 1) * outputs), to * outputs);
  });
  return moved;
}

export function globalAveragePool(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.asImage(node, draft.input(node));
  const base = draft.base(node, [input]);
  draft.add(node.output[0], 'image', { ...base, op: 'globalAveragePool', keepDims: true });
}

/** Over any axes but the images'. */
export function reduction(op: 'mean' | 'sum') {
  return (node: NodeProto, draft: OnnxDraft): void => {
    const attributes = new Attributes(node);
    const input = unflattened(draft, draft.input(node));
    const rank = input.dims.length + 1;
    const given = attributes.ints('axes') ?? draft.numbers(node, 1) ?? [];
    const axes = given.map((axis) => (axis < 0 ? axis + rank : axis)).toSorted((a, b) => a - b);
    if (axes.length === 0 || axes.some((axis) => axis < 1 || axis >= rank)) {
      const which = given.length === 0 ? 'all axes' : `the axes ${given.join(', ')}`;
      throw draft.unsupported(node, `the ${op} over ${which} of [N,${input.dims}]`);
    }
    const keepDims = attributes.int('keepdims', 1) !== 0;
    const isOfPixels = rank === 4 && axes.join() === (input.layout === 'image' ? '2,3' : '1,2');
    // What is left of an image has the graph's order of axes only where the channels are left.
    const source = keepDims || isOfPixels ? input : draft.asPlain(input);
    const base = { ...draft.base(node, [source]), ...(keepDims && { keepDims }) };
    const made: FloatNode =
      op === 'mean' && isOfPixels
        ? { ...base, op: 'globalAveragePool' }
        : { ...base, op, axes: axes.map((axis) => graphAxis(node, draft, source, axis)) };
    draft.add(node.output[0], keepDims ? layoutOf(source) : 'plain', made);
  };
}

/** Before it, an axis stands for itself and all behind it. */
const SOFTMAX_OF_ONE_AXIS = 13;

/** Of the channels of a vector, or of each pixel. */
export function softmax(node: NodeProto, draft: OnnxDraft): void {
  const input = unflattened(draft, draft.input(node));
  const isOfOne = draft.opset >= SOFTMAX_OF_ONE_AXIS;
  const given = new Attributes(node).int('axis', isOfOne ? -1 : 1);
  const rank = input.dims.length + 1;
  const first = given < 0 ? given + rank : given;
  const wide = input.dims.flatMap((side, at) => (side > 1 && at + 1 >= first ? [at + 1] : []));
  if (!isOfOne && wide.length > 1) {
    throw draft.unsupported(node, `the axes from ${given} on of [N,${input.dims}]`);
  }
  const axis = isOfOne ? given : (wide[0] ?? given);
  const along = graphAxis(node, draft, input, axis);
  if (along !== draft.shapeOf(input).length - 1) {
    throw draft.unsupported(node, `the axis ${given} of [N,${input.dims}]`);
  }
  draft.add(node.output[0], layoutOf(input), { ...draft.base(node, [input]), op: 'softmax' });
}

export function blocks(op: 'spaceToDepth' | 'depthToSpace') {
  return (node: NodeProto, draft: OnnxDraft): void => {
    const attributes = new Attributes(node);
    const mode = attributes.text('mode') ?? 'DCR';
    const input = draft.asImage(node, draft.input(node));
    const block = attributes.int('blocksize', 0);
    if (!['DCR', 'CRD'].includes(mode) || block < 1) {
      throw draft.unsupported(node, `the mode ${mode} with blocks of ${block}`);
    }
    const base = draft.base(node, [input]);
    if (mode === 'DCR') {
      draft.add(node.output[0], 'image', { ...base, op, block });
      return;
    }
    // A channel's places lie side by side: they come in front of the channels, as DCR has them.
    const { name } = base;
    const [height, width, depth] = draft.shapeOf(input);
    const places = block ** 2;
    const [split, turned, joined] = [`${name}/places`, `${name}/turned`, `${name}/channels`];
    const pixels = [height * width, depth / places, places];
    draft.add(
      node.output[0],
      'image',
      { ...base, op: 'reshape', name: split, target: pixels },
      { ...base, op: 'transpose', name: turned, inputs: [split], permutation: [0, 2, 1] },
      { ...base, op: 'reshape', name: joined, inputs: [turned], target: [height, width, depth] },
      { ...base, op, inputs: [joined], block },
    );
  };
}
