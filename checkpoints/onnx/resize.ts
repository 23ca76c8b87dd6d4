/** Operators of ONNX that give an image another size. */
import type { Corners } from '../../architectures/graph/operations/resize.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { Attributes, type OnnxDraft } from './draft.ts';

/** Above the side of any image in a network. */
const MAX_SIDE = 2 ** 14;

/** One side of an image, in pixels, and what the file says that it is scaled by. */
interface Side {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** To a whole number of pixels for each or of each, or between pixels to any size. */
export function resize(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const input = draft.asImage(node, draft.input(node));
  const sides = sidesOf(node, draft, input.dims);
  const size = [sides[0].to, sides[1].to] as const;
  const mode = attributes.text('mode') ?? 'nearest';
  const isUpsample = node.opType === 'Upsample';
  const transform = isUpsample
    ? 'asymmetric'
    : (attributes.text('coordinate_transformation_mode') ?? 'half_pixel');
  const rounding = isUpsample ? 'floor' : (attributes.text('nearest_mode') ?? 'round_prefer_floor');
  const corners =
    mode === 'nearest' ? repeated(sides, transform, rounding) : between(mode, sides, transform);
  if (corners === undefined) {
    const how = mode === 'nearest' ? `${transform}, ${rounding}` : transform;
    throw draft.unsupported(
      node,
      `the mode ${mode} (${how}) from ${sides[0].from} × ${sides[1].from} to ${size[0]} × ${size[1]}`,
    );
  }
  if (attributes.int('antialias', 0) !== 0 && sides.some(({ from, to }) => to < from)) {
    throw draft.unsupported(node, 'antialias');
  }
  draft.add(node.output[0], 'image', {
    ...draft.base(node, [input]),
    op: 'resize',
    size,
    method: mode === 'nearest' ? 'nearest' : 'bilinear',
    corners,
  });
}

/** Height and width. */
function sidesOf(
  node: NodeProto,
  draft: OnnxDraft,
  [channels, height, width]: readonly number[],
): readonly [Side, Side] {
  const attributes = new Attributes(node);
  const isUpsample = node.opType === 'Upsample';
  const sizes = isUpsample ? undefined : draft.numbers(node, 3);
  const scales = attributes.get('scales')?.floats ?? draft.numbers(node, isUpsample ? 1 : 2);
  const isSized = sizes !== undefined && sizes.length > 0;
  const known = isSized ? sizes : (scales ?? []);
  const axes = attributes.ints('axes')?.map((axis) => (axis < 0 ? axis + 4 : axis)) ?? [0, 1, 2, 3];
  if (known.length !== axes.length || known.length === 0) {
    throw draft.unsupported(node, 'a size that is computed');
  }
  if (isSized && (attributes.text('keep_aspect_ratio_policy') ?? 'stretch') !== 'stretch') {
    throw draft.unsupported(node, 'a size that keeps the ratio of the sides');
  }
  if (axes.some((axis) => ![0, 1, 2, 3].includes(axis))) {
    throw draft.unsupported(node, `a size of the axes ${axes.join(', ')}`);
  }
  const dims = [1, channels, height, width];
  const all = dims.map((from, axis): Side => {
    const at = axes.indexOf(axis);
    if (at === -1) return { from, to: from, scale: 1 };
    if (isSized) return { from, to: known[at], scale: known[at] / from };
    return { from, to: Math.floor(from * known[at] + 1e-4), scale: known[at] };
  });
  if (all.slice(0, 2).some(({ from, to }) => from !== to)) {
    throw draft.unsupported(node, 'other channels or images');
  }
  if (all.some(({ to }) => !(to >= 1 && to <= MAX_SIDE))) {
    throw draft.unsupported(node, `a size of ${all[2].to} × ${all[3].to}`);
  }
  return [all[2], all[3]];
}

/** Of pixels that are repeated or left out as a whole; undefined where others are read. */
function repeated(
  sides: readonly Side[],
  transform: string,
  rounding: string,
): Corners | undefined {
  if (sides.some(({ from, to }) => from % to !== 0 && to % from !== 0)) return undefined;
  const reads = (place: (to: number, ratio: number) => number) =>
    sides.every((side) =>
      Array.from({ length: side.to }, (_, index) => index).every((index) => {
        const read = rounded(sourceOf(index, side, transform), rounding);
        const clamped = Math.min(Math.max(read, 0), side.from - 1);
        return clamped === Math.floor(place(index, side.from / side.to));
      }),
    );
  if (reads((index, ratio) => index * ratio + 1e-9)) return 'asymmetric';
  return reads((index, ratio) => (index + 0.5) * ratio) ? 'halfPixel' : undefined;
}

/** Where a place of the output lies in the input, as ONNX has it; NaN of a mode that is not read. */
function sourceOf(index: number, { from, to, scale }: Side, transform: string): number {
  switch (transform) {
    case 'half_pixel':
      return (index + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return to > 1 ? (index + 0.5) / scale - 0.5 : 0;
    case 'asymmetric':
      return index / scale;
    case 'align_corners':
      return to > 1 ? (index * (from - 1)) / (to - 1) : 0;
    case 'tf_half_pixel_for_nn':
      return (index + 0.5) / scale;
    default:
      return Number.NaN;
  }
}

function rounded(place: number, rounding: string): number {
  switch (rounding) {
    case 'round_prefer_floor':
      return Math.ceil(place - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    default:
      return Number.NaN;
  }
}

/** Bilinear; undefined where a float graph has no such. */
function between(mode: string, sides: readonly Side[], transform: string): Corners | undefined {
  if (mode !== 'linear') return undefined;
  if (transform === 'align_corners') return 'aligned';
  // A graph scales by the ratio of the sizes.
  if (sides.some(({ from, to, scale }) => Math.abs(from * scale - to) > 1e-3)) return undefined;
  switch (transform) {
    case 'asymmetric':
      return 'asymmetric';
    case 'half_pixel':
      return 'halfPixel';
    case 'pytorch_half_pixel':
      return sides.every(({ from, to }) => to > 1 || from === 1) ? 'halfPixel' : undefined;
    default:
      return undefined;
  }
}
