/** Nodes that put an image's values in other places, or leave some out. */
import type { LayerOperation } from '../../../architectures/graph/graph_operation.ts';
import { IDENTITY } from '../../input_affine.ts';
import type { FlatNode } from './flatten.ts';
import type { OperationStep, Shape, Step } from './network.ts';
import type { NetworkDraft } from './network_draft.ts';
import { dimensionsOf, readDimensions } from './read_shapes.ts';

const MAX_BLOCK = 64;
const MAX_SIDE = 4096;
const MAX_PARTS = 1024;

/** A step of an operation that Keras has no layer for, in the place of a node. */
export function addOperation(
  draft: NetworkDraft,
  node: FlatNode,
  x: Step,
  shape: Shape,
  operation: LayerOperation,
): OperationStep {
  const { name } = node;
  return draft.add(node, { op: 'operation', name, inputs: [x.name], shape, operation });
}

/** Where a slice begins and what it takes, the batch not counted. */
interface Range {
  readonly begin: Shape;
  readonly size: Shape;
  readonly strides: Shape;
}

function sliceStep(name: string, x: Step, { begin, size, strides }: Range): OperationStep {
  const operation = { op: 'slice', begin, size, strides } as const;
  return { op: 'operation', name, inputs: [x.name], shape: size, operation };
}

/** `size` values of each axis from `begin` on; −1: all that are left. */
export function readSlice(draft: NetworkDraft, node: FlatNode): void {
  const x = draft.image(node);
  const [begin, sizes] = [integers(draft, node, 1), integers(draft, node, 2)];
  const rank = x.shape.length + 1;
  const isWhole = begin[0] === 0 && sizes[0] === -1;
  if (begin.length !== rank || sizes.length !== rank || !isWhole) {
    throw draft.unsupported(node, `a slice [${begin}] of [${sizes}] of [${x.shape}]`);
  }
  const first = begin.slice(1);
  const size = sizes
    .slice(1)
    .map((side, axis) => (side === -1 ? x.shape[axis] - first[axis] : side));
  addSlice(draft, node, x, { begin: first, size, strides: size.map(() => 1) });
}

/** As NumPy's x[begin:end:strides, …] with steps forwards; a dropped axis is a reshape behind it. */
export function readStridedSlice(draft: NetworkDraft, node: FlatNode): void {
  if (readDimensions(draft, node)) return;
  const x = draft.image(node);
  const [begins, ends, steps] = [1, 2, 3].map((index) => integers(draft, node, index));
  const mask = (name: string) => node.attributes.integers(name)?.[0] ?? 0;
  if (mask('new_axis_mask') !== 0) throw draft.unsupported(node, 'a new axis');
  const sides = [Infinity, ...x.shape];
  const places = placesOf(begins.length, sides.length, mask('ellipsis_mask'));
  if (places === undefined) {
    throw draft.unsupported(node, `a slice of ${begins.length} axes of [${x.shape}]`);
  }
  const has = (name: string, place: number) => ((mask(name) >> place) & 1) === 1;
  const ranges = sides.map((side, axis) => {
    const place = places[axis];
    if (place === undefined) return { first: 0, size: side, stride: 1, isDropped: false };
    const bound = (value: number) => Math.min(Math.max(value < 0 ? value + side : value, 0), side);
    const stride = steps[place];
    const isDropped = has('shrink_axis_mask', place);
    const first = has('begin_mask', place) && !isDropped ? 0 : bound(begins[place]);
    const isOpen = has('end_mask', place) || ends[place] === SATURATED;
    const last = isDropped ? first + 1 : isOpen ? side : bound(ends[place]);
    return { first, size: Math.ceil((last - first) / stride), stride, isDropped };
  });
  const [batch, ...image] = ranges;
  const isWhole =
    batch.first === 0 && batch.size === Infinity && batch.stride === 1 && !batch.isDropped;
  if (!isWhole || ranges.some(({ stride }) => !(stride >= 1))) {
    throw draft.unsupported(
      node,
      `a slice [${begins}] to [${ends}] by [${steps}] of [${x.shape}]; it has those of all images, forwards`,
    );
  }
  const size = image.map((range) => range.size);
  addSlice(draft, node, x, {
    begin: image.map(({ first }) => first),
    size,
    strides: image.map(({ stride }) => stride),
  });
  if (image.some(({ isDropped }) => isDropped)) {
    const left = size.filter((_, axis) => !image[axis].isDropped);
    draft.addPlain(node, 'reshape', left, 'dropped');
  }
}

/** How files say "to the end": the greatest integer. */
const SATURATED = 2 ** 31 - 1;

/** For each axis, its place in the bounds: an ellipsis stands for those that are left out; so does the end. */
function placesOf(
  bounds: number,
  axes: number,
  ellipsisMask: number,
): readonly (number | undefined)[] | undefined {
  const ellipsis = ellipsisMask === 0 ? bounds : Math.log2(ellipsisMask);
  const behind = Math.max(bounds - ellipsis - 1, 0);
  if (!Number.isInteger(ellipsis) || ellipsis + behind > axes) return undefined;
  return Array.from({ length: axes }, (_, axis) => {
    if (axis < ellipsis) return axis;
    return axis >= axes - behind ? bounds - (axes - axis) : undefined;
  });
}

/** Equal parts of an axis, or parts of given sizes: an output each. */
export function readSplit(draft: NetworkDraft, node: FlatNode): void {
  const [at, axisAt] = node.op === 'Split' ? [1, 0] : [0, 2];
  const x = draft.image(node, at);
  const [axis = 0] = integers(draft, node, axisAt);
  const along = axis < 0 ? axis + x.shape.length : axis - 1;
  const side = x.shape[along] ?? 0;
  const sizes =
    node.op === 'Split' ? equalParts(node, side) : openParts(integers(draft, node, 1), side);
  const sum = sizes.reduce((total, size) => total + size, 0);
  const areParts =
    sizes.length >= 1 && sizes.length <= MAX_PARTS && sizes.every((size) => size >= 1);
  if (!areParts || sum !== side) {
    throw draft.unsupported(node, `parts of [${sizes}] along the axis ${axis} of [${x.shape}]`);
  }
  let start = 0;
  const steps = sizes.map((size, index) => {
    const range = {
      begin: x.shape.map((_, each) => (each === along ? start : 0)),
      size: x.shape.with(along, size),
      strides: x.shape.map(() => 1),
    };
    start += size;
    return sliceStep(index === 0 ? node.name : `${node.name}/${index}`, x, range);
  });
  draft.addOutputs(node, steps);
}

function equalParts({ attributes }: FlatNode, side: number): readonly number[] {
  const parts = attributes.integers('num_split')?.[0] ?? 0;
  const isCount = parts >= 1 && parts <= MAX_PARTS && side % parts === 0;
  return isCount ? new Array<number>(parts).fill(side / parts) : [];
}

/** One size may be open (−1): what the others leave. */
function openParts(sizes: readonly number[], side: number): readonly number[] {
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  return sizes.map((size) => (size === -1 ? side - known : size));
}

export function readTranspose(draft: NetworkDraft, node: FlatNode): void {
  const x = draft.image(node);
  const [batch, ...axes] = integers(draft, node, 1);
  const permutation = axes.map((axis) => axis - 1);
  const isWhole = permutation.toSorted((a, b) => a - b).every((axis, index) => axis === index);
  if (batch !== 0 || permutation.length !== x.shape.length || !isWhole) {
    throw draft.unsupported(node, `the axes [${[batch, ...axes]}] of [${x.shape}]`);
  }
  const shape = permutation.map((axis) => x.shape[axis]);
  addOperation(draft, node, x, shape, { op: 'transpose', permutation });
}

export function readDepth(op: 'depthToSpace' | 'spaceToDepth') {
  return (draft: NetworkDraft, node: FlatNode): void => {
    const x = draft.image(node);
    const format = node.attributes.text('data_format') ?? 'NHWC';
    const block = node.attributes.integers('block_size')?.[0] ?? 0;
    const [height, width, channels] = x.shape;
    const isBlock = block >= 1 && block <= MAX_BLOCK;
    const shape =
      op === 'depthToSpace'
        ? [height * block, width * block, channels / block ** 2]
        : [height / block, width / block, channels * block ** 2];
    if (x.shape.length !== 3 || !isBlock || format !== 'NHWC' || !shape.every(Number.isInteger)) {
      throw draft.unsupported(node, `blocks of ${block} of [${x.shape}] (${format})`);
    }
    addOperation(draft, node, x, shape, { op, block });
  };
}

export function readResize(method: 'nearest' | 'bilinear') {
  return (draft: NetworkDraft, node: FlatNode): void => {
    const [height, width, ...more] = integers(draft, node, 1);
    const source = draft.sourceOf(node, node.inputs[0]);
    if (more.length === 0 && source.shape.join() === [height, width, source.shape[2]].join()) {
      if (source.op === 'input') draft.scaling.add(node, node.inputs[0].node, IDENTITY);
      draft.pass(node, source);
      return;
    }
    const x = draft.image(node);
    const isSize = [height, width].every((side) => side >= 1 && side <= MAX_SIDE);
    if (x.shape.length !== 3 || !isSize || more.length > 0) {
      throw draft.unsupported(node, `a size of [${[height, width, ...more]}] of [${x.shape}]`);
    }
    const { attributes } = node;
    const corners = attributes.flag('align_corners')
      ? 'aligned'
      : attributes.flag('half_pixel_centers')
        ? 'halfPixel'
        : 'asymmetric';
    const shape = [height, width, x.shape[2]];
    addOperation(draft, node, x, shape, { op: 'resize', size: [height, width], method, corners });
  };
}

function addSlice(draft: NetworkDraft, node: FlatNode, x: Step, range: Range): void {
  const { begin, size, strides } = range;
  const isInside = size.every(
    (count, axis) =>
      begin[axis] >= 0 && count >= 1 && begin[axis] + (count - 1) * strides[axis] < x.shape[axis],
  );
  if (!isInside) throw draft.unsupported(node, `a slice [${begin}] of [${size}] of [${x.shape}]`);
  if (size.join() === x.shape.join()) draft.pass(node, x);
  else draft.add(node, sliceStep(node.name, x, range));
}

/** Integers that are known: constants, or what the graph computes of shapes. */
function integers(draft: NetworkDraft, node: FlatNode, index: number): readonly number[] {
  const from = node.inputs[index]?.node;
  const values = from && dimensionsOf(draft, from)?.values;
  if (values === undefined) throw draft.unsupported(node, `input ${index}, which must be known`);
  return values;
}
