/** Kernels that make, arrange and pick values. */
import * as tf from '@tensorflow/tfjs';
import { boolAttribute, compiledDtype, dtypeAttribute, intAttribute } from '../attributes.ts';
import { withBiasAndActivation } from './bias_and_activation.ts';
import { type RecordedCall, type RecordKernel, typeOf } from './kernel.ts';

const INT32 = dtypeAttribute('int32');

function fill({ attributes, trace }: RecordedCall): tf.TensorInfo {
  const { shape, value } = attributes;
  const dtype = compiledDtype(attributes.dtype ?? 'float32');
  return trace.addOne(
    'Fill',
    [trace.int32(shape), trace.scalar(value, dtype)],
    { T: dtypeAttribute(dtype), index_type: INT32 },
    shape,
    dtype,
  );
}

function reshape({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const shape = tf.util.inferFromImplicitShape(attributes.shape, tf.util.sizeFromShape(x.shape));
  return reshaped(x, shape, trace);
}

function expandDims({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const x = inputs.input;
  const at = attributes.dim < 0 ? attributes.dim + x.shape.length + 1 : attributes.dim;
  return reshaped(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)], trace);
}

function reshaped(x: tf.TensorInfo, shape: number[], trace: RecordedCall['trace']): tf.TensorInfo {
  const types = { ...typeOf(x), Tshape: INT32 };
  return trace.addOne('Reshape', [x, trace.int32(shape)], types, shape, x.dtype);
}

function transpose({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const order: number[] = attributes.perm;
  const shape = order.map((axis) => x.shape[axis]);
  const types = { ...typeOf(x), Tperm: INT32 };
  return trace.addOne('Transpose', [x, trace.int32(order)], types, shape, x.dtype);
}

function concat({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const parts = Object.values(inputs);
  const first = parts[0];
  const [axis] = tf.util.parseAxisParam(attributes.axis, first.shape);
  const shape = tf.backend_util.computeOutShape(
    parts.map((part) => part.shape),
    axis,
  );
  const types = { ...typeOf(first), N: intAttribute(parts.length), Tidx: INT32 };
  return trace.addOne(
    'ConcatV2',
    [...parts, trace.scalar(axis, 'int32')],
    types,
    shape,
    first.dtype,
  );
}

function pack({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const parts = Object.values(inputs);
  const first = parts[0];
  const axis = attributes.axis < 0 ? attributes.axis + first.shape.length + 1 : attributes.axis;
  const shape = [...first.shape.slice(0, axis), parts.length, ...first.shape.slice(axis)];
  const types = { ...typeOf(first), N: intAttribute(parts.length), axis: intAttribute(axis) };
  return trace.addOne('Pack', parts, types, shape, first.dtype);
}

function unpack({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo[] {
  const x = inputs.value;
  const axis = attributes.axis < 0 ? attributes.axis + x.shape.length : attributes.axis;
  const parts = x.shape[axis];
  const types = { ...typeOf(x), num: intAttribute(parts), axis: intAttribute(axis) };
  const part = { shape: x.shape.filter((_, index) => index !== axis), dtype: x.dtype };
  return trace.add(
    'Unpack',
    [x],
    types,
    Array.from({ length: parts }, () => part),
  );
}

function split({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo[] {
  const { x } = inputs;
  const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape);
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attributes.numOrSizeSplits, axis);
  return trace.add(
    'SplitV',
    [x, trace.int32(sizes), trace.scalar(axis, 'int32')],
    { ...typeOf(x), num_split: intAttribute(sizes.length), Tlen: INT32 },
    sizes.map((size) => ({ shape: x.shape.with(axis, size), dtype: x.dtype })),
  );
}

function slice({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const [begin, size] = tf.slice_util.parseSliceParams(
    x as tf.Tensor,
    attributes.begin,
    attributes.size,
  ) as [number[], number[]];
  const types = { ...typeOf(x), Index: INT32 };
  return trace.addOne('Slice', [x, trace.int32(begin), trace.int32(size)], types, size, x.dtype);
}

function stridedSlice({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const { begin, end, strides } = attributes;
  const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  const { finalShape } = tf.slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  return trace.addOne(
    'StridedSlice',
    [x, trace.int32(begin), trace.int32(end), trace.int32(strides)],
    {
      ...typeOf(x),
      Index: INT32,
      begin_mask: intAttribute(beginMask),
      end_mask: intAttribute(endMask),
      ellipsis_mask: intAttribute(ellipsisMask),
      new_axis_mask: intAttribute(newAxisMask),
      shrink_axis_mask: intAttribute(shrinkAxisMask),
    },
    finalShape,
    x.dtype,
  );
}

/** Images [N, H, W, C] at another size; between values it is float32 whatever they are. */
const resize =
  (op: 'ResizeBilinear' | 'ResizeNearestNeighbor'): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { images } = inputs;
    const { alignCorners, halfPixelCenters } = attributes;
    const [height, width]: number[] = attributes.size;
    const [batch, , , channels] = images.shape;
    return trace.addOne(
      op,
      [images, trace.int32([height, width])],
      {
        ...typeOf(images),
        align_corners: boolAttribute(alignCorners),
        half_pixel_centers: boolAttribute(halfPixelCenters),
      },
      [batch, height, width, channels],
      op === 'ResizeBilinear' ? 'float32' : images.dtype,
    );
  };

/**
 * Of `images`, where the resized ones have the gradient `dy`. TensorFlow.js' own kernel for Node leaves
 * half pixels out of account.
 */
const resizeGradient =
  (op: 'ResizeBilinearGrad' | 'ResizeNearestNeighborGrad'): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { images, dy } = inputs;
    const { alignCorners, halfPixelCenters } = attributes;
    const [, height, width] = images.shape;
    return trace.addOne(
      op,
      [dy, op === 'ResizeBilinearGrad' ? images : trace.int32([height, width])],
      {
        ...typeOf(dy),
        align_corners: boolAttribute(alignCorners),
        half_pixel_centers: boolAttribute(halfPixelCenters),
      },
      images.shape,
      dy.dtype,
    );
  };

/** @param paddings cells before and after each axis */
export function pad(
  x: tf.TensorInfo,
  paddings: readonly (readonly [number, number])[],
  constantValue: number,
  trace: RecordedCall['trace'],
): tf.TensorInfo {
  const shape = x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]);
  const value = trace.scalar(constantValue, compiledDtype(x.dtype));
  const types = { ...typeOf(x), Tpaddings: INT32 };
  return trace.addOne('PadV2', [x, pairs(paddings, trace), value], types, shape, x.dtype);
}

/** The positions of every `blockShape`-th row and column as images of their own: [N · blocks, …]. */
function spaceToBatch({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const { blockShape, paddings } = attributes;
  const [batch, ...sizes] = x.shape;
  const shape = sizes.map((size, axis) => {
    const [before, after] = paddings[axis] ?? [0, 0];
    return (size + before + after) / (blockShape[axis] ?? 1);
  });
  return trace.addOne(
    'SpaceToBatchND',
    [x, trace.int32(blockShape), pairs(paddings, trace)],
    { ...typeOf(x), Tblock_shape: INT32, Tpaddings: INT32 },
    [batch * tf.util.sizeFromShape(blockShape), ...shape],
    x.dtype,
  );
}

/** What `spaceToBatch` has taken apart. */
function batchToSpace({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const { blockShape, crops } = attributes;
  const [batch, ...sizes] = x.shape;
  const shape = sizes.map((size, axis) => {
    const [before, after] = crops[axis] ?? [0, 0];
    return size * (blockShape[axis] ?? 1) - before - after;
  });
  return trace.addOne(
    'BatchToSpaceND',
    [x, trace.int32(blockShape), pairs(crops, trace)],
    { ...typeOf(x), Tblock_shape: INT32, Tcrops: INT32 },
    [batch / tf.util.sizeFromShape(blockShape), ...shape],
    x.dtype,
  );
}

/** A constant [axes, 2]. */
function pairs(
  values: readonly (readonly [number, number])[],
  trace: RecordedCall['trace'],
): tf.TensorInfo {
  return reshaped(trace.int32(values.flat()), [values.length, 2], trace);
}

function tile({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const repetitions: number[] = attributes.reps;
  const shape = x.shape.map((size, axis) => size * repetitions[axis]);
  const types = { ...typeOf(x), Tmultiples: INT32 };
  return trace.addOne('Tile', [x, trace.int32(repetitions)], types, shape, x.dtype);
}

function oneHot({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { indices } = inputs;
  const { depth, onValue, offValue } = attributes;
  const dtype = compiledDtype(attributes.dtype ?? 'int32');
  return trace.addOne(
    'OneHot',
    [
      indices,
      trace.scalar(depth, 'int32'),
      trace.scalar(onValue, dtype),
      trace.scalar(offValue, dtype),
    ],
    { T: dtypeAttribute(dtype), TI: INT32, axis: intAttribute(-1) },
    [...indices.shape, depth],
    dtype,
  );
}

function gather({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x, indices } = inputs;
  const { axis, batchDims = 0 } = attributes;
  const [at] = tf.util.parseAxisParam(axis, x.shape);
  return trace.addOne(
    'GatherV2',
    [x, indices, trace.scalar(at, 'int32')],
    {
      Tparams: typeOf(x).T,
      Tindices: INT32,
      Taxis: INT32,
      batch_dims: intAttribute(batchDims),
    },
    [...x.shape.slice(0, at), ...indices.shape.slice(batchDims), ...x.shape.slice(at + 1)],
    x.dtype,
  );
}

/** What takes a gradient of `gather` back: rows of the same index are added. */
function unsortedSegmentSum({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x, segmentIds } = inputs;
  const { numSegments } = attributes;
  return trace.addOne(
    'UnsortedSegmentSum',
    [x, segmentIds, trace.scalar(numSegments, 'int32')],
    { ...typeOf(x), Tindices: INT32, Tnumsegments: INT32 },
    [numSegments, ...x.shape.slice(segmentIds.shape.length)],
    x.dtype,
  );
}

function matMul({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { a, b } = inputs;
  const { transposeA, transposeB } = attributes;
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  return trace.addOne(
    'BatchMatMulV2',
    [a, b],
    { ...typeOf(a), adj_x: boolAttribute(transposeA), adj_y: boolAttribute(transposeB) },
    [...batch, rows, columns],
    a.dtype,
  );
}

export const ARRANGEMENT: Readonly<Record<string, RecordKernel>> = {
  _FusedMatMul: (call) => withBiasAndActivation('MatMul', matMul(call), call),
  BatchMatMul: matMul,
  BatchToSpaceND: batchToSpace,
  Concat: concat,
  ExpandDims: expandDims,
  Fill: fill,
  GatherV2: gather,
  OneHot: oneHot,
  Pack: pack,
  PadV2: ({ inputs, attributes, trace }) =>
    pad(inputs.x, attributes.paddings, attributes.constantValue, trace),
  Reshape: reshape,
  ResizeBilinear: resize('ResizeBilinear'),
  ResizeBilinearGrad: resizeGradient('ResizeBilinearGrad'),
  ResizeNearestNeighbor: resize('ResizeNearestNeighbor'),
  ResizeNearestNeighborGrad: resizeGradient('ResizeNearestNeighborGrad'),
  Slice: slice,
  SpaceToBatchND: spaceToBatch,
  SplitV: split,
  StridedSlice: stridedSlice,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
  UnsortedSegmentSum: unsortedSegmentSum,
};
