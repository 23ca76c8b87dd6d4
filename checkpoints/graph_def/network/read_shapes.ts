/** Nodes that change an image's shape, join images, or compute shapes. */
import { resolvedShape } from './constants.ts';
import { type Dimensions, evaluateDimensions } from './dimensions.ts';
import type { FlatNode } from './flatten.ts';
import { nearestUpsamplingEndingIn } from './nearest_upsampling.ts';
import type { Shape } from './network.ts';
import type { NetworkDraft } from './network_draft.ts';

export function readConcat(draft: NetworkDraft, node: FlatNode): void {
  if (readDimensions(draft, node)) return;
  const last = node.inputs.length - 1;
  const images = node.inputs.slice(0, last).map((_, index) => draft.image(node, index));
  const [first] = images;
  const axis = draft.constantOf(node, last).values?.[0];
  const rank = first?.shape.length ?? 0;
  const at = axis === undefined ? -1 : axis < 0 ? axis + rank : axis - 1;
  const others = (shape: Shape) => shape.toSpliced(at, 1).join();
  const isJoint = images.every(
    ({ shape }) => shape.length === rank && others(shape) === others(first.shape),
  );
  if (first === undefined || at < 0 || at >= rank || !isJoint) {
    const shapes = images.map(({ shape }) => `[${shape}]`).join(', ');
    throw draft.unsupported(node, `its axis ${axis} of ${shapes}`);
  }
  draft.add(node, {
    op: 'concat',
    name: node.name,
    inputs: images.map(({ name }) => name),
    shape: first.shape.with(
      at,
      images.reduce((sum, { shape }) => sum + shape[at], 0),
    ),
    axis: at - rank,
  });
}

/** Reshape, Squeeze and ExpandDims. */
export function readReshape(draft: NetworkDraft, node: FlatNode): void {
  if (readDimensions(draft, node) || readUpsampling(draft, node)) return;
  const x = draft.image(node);
  const target =
    node.op === 'Reshape'
      ? reshaped(draft, node, x.shape)
      : node.op === 'Squeeze'
        ? squeezed(node, x.shape)
        : expanded(draft, node, x.shape);
  if (target === undefined || target.length === 0) {
    throw draft.unsupported(node, 'a shape that mixes the images of a batch');
  }
  if (target.join() === x.shape.join()) draft.pass(node, x);
  else draft.addPlain(node, 'reshape', target);
}

/** An image made larger, spelled out: see `nearestUpsamplingEndingIn`. */
function readUpsampling(draft: NetworkDraft, node: FlatNode): boolean {
  const found = nearestUpsamplingEndingIn(node, draft.readersOf.bind(draft));
  if (found === undefined) return false;
  const x = draft.imageFrom(node, found.x);
  const [height, width, channels] = x.shape;
  const size = [height * found.times[0], width * found.times[1]] as const;
  const operation = { op: 'resize', size, method: 'nearest', corners: 'asymmetric' } as const;
  const { name } = node;
  const shape = [...size, channels];
  draft.add(node, { op: 'operation', name, inputs: [x.name], shape, operation });
  return true;
}

/** The shape of an image, the batch −1. */
export function readShape(draft: NetworkDraft, node: FlatNode): void {
  draft.dimensions.set(node, { isScalar: false, values: [-1, ...draft.image(node).shape] });
}

/** Whether the node computes a shape. */
export function readDimensions(draft: NetworkDraft, node: FlatNode): boolean {
  const inputs = node.inputs.map((input) => dimensionsOf(draft, input.node));
  const value = evaluateDimensions(node, inputs);
  if (value !== undefined) draft.dimensions.set(node, value);
  return value !== undefined;
}

/** The shape without the batch. */
function reshaped(draft: NetworkDraft, node: FlatNode, shape: Shape): Shape | undefined {
  const source = node.inputs[1]?.node;
  const target = source && dimensionsOf(draft, source)?.values;
  if (target === undefined) throw draft.unsupported(node, 'a shape that is not known');
  return resolvedShape(shape, target.slice(1));
}

/** The shape without its sides of 1, or those that the node names; axis 0 is the batch. */
function squeezed({ attributes }: FlatNode, shape: Shape): Shape {
  const axes = (attributes.integers('squeeze_dims') ?? []).map((axis) =>
    axis < 0 ? axis + shape.length + 1 : axis,
  );
  return shape.filter(
    (side, index) => side !== 1 || (axes.length > 0 && !axes.includes(index + 1)),
  );
}

/** The shape with a side of 1 more; axis 0 is the batch. */
function expanded(draft: NetworkDraft, node: FlatNode, shape: Shape): Shape | undefined {
  const source = node.inputs[1]?.node;
  const axis = source && dimensionsOf(draft, source)?.values[0];
  if (axis === undefined) throw draft.unsupported(node, 'an axis that is not known');
  const at = axis < 0 ? axis + shape.length + 1 : axis - 1;
  return at >= 0 && at <= shape.length ? shape.toSpliced(at, 0, 1) : undefined;
}

export function dimensionsOf(draft: NetworkDraft, node: FlatNode): Dimensions | undefined {
  const constant = draft.constants.get(node);
  if (constant?.values instanceof Int32Array && constant.shape.length <= 1) {
    return { isScalar: constant.shape.length === 0, values: [...constant.values] };
  }
  return draft.dimensions.get(node);
}
