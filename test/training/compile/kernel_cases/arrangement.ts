import * as tf from '@tensorflow/tfjs';
import type { KernelTable } from './inputs.ts';

const resized = (x: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 9], true);
const repeated = (x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 9], true);

export const ARRANGEMENT_CASES: KernelTable = {
  _FusedMatMul: {
    'a bias': ({ floats, unit, bias }) =>
      tf.fused.matMul({
        a: floats,
        b: unit,
        transposeA: true,
        bias: bias.slice(0, 3),
        activation: 'linear',
      }),
    'a bias and a ReLU': ({ floats, unit, bias }) =>
      tf.fused.matMul({
        a: floats,
        b: unit,
        transposeA: true,
        bias: bias.slice(0, 3),
        activation: 'relu',
      }),
  },
  BatchMatMul: {
    'two matrices': ({ floats, unit }) => tf.matMul(floats, unit.reshape([3, 2])),
    'a transposed first': ({ floats, unit }) => tf.matMul(floats, unit, true, false),
    'a transposed second': ({ floats, unit }) => tf.matMul(floats, unit, false, true),
    'both transposed': ({ floats, unit }) => tf.matMul(floats, unit.reshape([3, 2]), true, true),
    'batches of matrices': ({ cube, otherCube }) => tf.matMul(cube, otherCube),
    'one matrix to a batch': ({ cube, otherCube }) =>
      tf.matMul(cube, otherCube.slice([1, 0, 0], [1, 4, 3])),
    'tf.dot of a matrix and a vector': ({ floats, row }) => tf.dot(floats, row),
  },
  BatchToSpaceND: {
    'rows and columns, one of each cropped': ({ images }) =>
      tf.batchToSpaceND(
        tf.tile(images, [6, 1, 1, 1]),
        [2, 3],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    'one axis': ({ cube }) => tf.batchToSpaceND(cube, [2], [[0, 0]]),
  },
  Concat: {
    'the first axis': ({ floats, unit }) => tf.concat([floats, unit], 0),
    'the last axis, counted from the end': ({ floats, column }) => tf.concat([floats, column], -1),
    'three parts of int32': ({ ints, otherInts }) => tf.concat([ints, otherInts, ints], 1),
    bool: ({ bools }) => tf.concat([bools, bools], 0),
  },
  ExpandDims: {
    'before the first axis': ({ floats }) => tf.expandDims(floats, 0),
    'between axes': ({ floats }) => tf.expandDims(floats, 1),
    'after the last axis': ({ ints }) => tf.expandDims(ints, -1),
    'before the last axis, counted from the end': ({ floats }) => tf.expandDims(floats, -2),
    'of a scalar': ({ scalar }) => tf.expandDims(scalar, 0),
  },
  Fill: {
    float32: () => tf.fill([2, 3], 0.1),
    int32: () => tf.fill([4], -3, 'int32'),
    bool: () => tf.fill([2], 1, 'bool'),
    'a scalar': () => tf.fill([], 2.5),
    'no values': () => tf.fill([0, 3], 1),
  },
  GatherV2: {
    'values of a vector': ({ special, indices }) => tf.gather(special, indices),
    'columns, by a matrix of indices': ({ images, indices }) =>
      tf.gather(images, indices.reshape([3, 1]), 1),
    'int32, the last axis': ({ indices }) => tf.gather(indices.reshape([1, 3]), [2, 0, 2, 1], 1),
  },
  OneHot: {
    '0 and 1': ({ indices }) => tf.oneHot(indices, 5),
    'classes that are not there': ({ indices }) => tf.oneHot(indices, 4),
    'other values, float32': ({ indices }) => tf.oneHot(indices, 5, 0.9, 0.025, 'float32'),
    'int32 [2, 3]': ({ ints }) => tf.oneHot(ints, 5, 7, -7, 'int32'),
    bool: ({ indices }) => tf.oneHot(indices, 5, 1, 0, 'bool'),
  },
  Pack: {
    'a first axis': ({ floats, unit }) => tf.stack([floats, unit]),
    'an axis between': ({ floats, unit }) => tf.stack([floats, unit, floats], 1),
    'a last axis': ({ ints, otherInts }) => tf.stack([ints, otherInts], 2),
    'a last axis, counted from the end': ({ ints, otherInts }) => tf.stack([ints, otherInts], -1),
    scalars: ({ scalar }) => tf.stack([scalar, scalar]),
  },
  PadV2: {
    zeros: ({ floats }) =>
      tf.pad(floats, [
        [1, 0],
        [2, 3],
      ]),
    'another value': ({ floats }) =>
      tf.pad(
        floats,
        [
          [0, 1],
          [1, 0],
        ],
        -1.5,
      ),
    int32: ({ ints }) =>
      tf.pad(
        ints,
        [
          [1, 1],
          [0, 0],
        ],
        9,
      ),
    'rank 4': ({ images }) =>
      tf.pad(images, [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 0],
      ]),
  },
  Reshape: {
    'to a vector': ({ floats }) => tf.reshape(floats, [6]),
    'one size inferred': ({ cube }) => tf.reshape(cube, [4, -1]),
    'to a scalar': ({ row }) => tf.reshape(row.sum(), []),
    bool: ({ bools }) => tf.reshape(bools, [3, 2]),
    'no values': ({ empty }) => tf.reshape(empty, [3, 0]),
    'tf.squeeze': ({ column }) => tf.squeeze(column),
  },
  ResizeBilinear: {
    'half pixels': ({ images }) => tf.image.resizeBilinear(images, [10, 4], false, true),
    'from the first place on': ({ images }) => tf.image.resizeBilinear(images, [14, 12]),
    'aligned corners': ({ images }) => tf.image.resizeBilinear(images, [5, 9], true),
    int32: ({ images }) => tf.image.resizeBilinear(images.mul(100).cast('int32'), [3, 12]),
  },
  ResizeBilinearGrad: {
    'aligned corners': ({ images }) => tf.grad((x) => resized(x).square())(images),
  },
  ResizeNearestNeighborGrad: {
    'aligned corners': ({ images }) => tf.grad((x) => repeated(x).square())(images),
  },
  ResizeNearestNeighbor: {
    'half pixels': ({ images }) => tf.image.resizeNearestNeighbor(images, [10, 4], false, true),
    'from the first place on': ({ images }) => tf.image.resizeNearestNeighbor(images, [14, 12]),
    'aligned corners, of int32': ({ images }) =>
      tf.image.resizeNearestNeighbor(images.mul(100).cast('int32'), [5, 9], true),
  },
  Slice: {
    'a part': ({ cube }) => tf.slice(cube, [1, 0, 2], [1, 3, 1]),
    'up to the end': ({ cube }) => tf.slice(cube, [0, 1, 1], [-1, 2, -1]),
    'leading axes only': ({ cube }) => tf.slice(cube, 1),
    int32: ({ ints }) => tf.slice(ints, [0, 1], [2, 2]),
    nothing: ({ floats }) => tf.slice(floats, [0, 0], [0, 3]),
  },
  SpaceToBatchND: {
    'rows and columns, some padded': ({ images }) =>
      tf.spaceToBatchND(
        images,
        [2, 3],
        [
          [1, 0],
          [1, 2],
        ],
      ),
    'one axis': ({ cube }) => tf.spaceToBatchND(cube, [3], [[0, 0]]),
  },
  SplitV: {
    'equal parts': ({ cube }) => tf.split(cube, 2, 2)[1],
    'parts of given sizes': ({ cube }) => tf.split(cube, [1, 2], 1)[1],
    'one size inferred': ({ cube }) => tf.split(cube, [1, -1], 1)[1],
    'the last axis, counted from the end, of int32': ({ ints }) => tf.split(ints, 3, -1)[2],
  },
  StridedSlice: {
    'every second value': ({ cube }) => tf.stridedSlice(cube, [0, 0, 1], [2, 3, 4], [1, 1, 2]),
    backwards: ({ ints }) => tf.stridedSlice(ints, [1, 2], [0, -4], [1, -1], 1, 1),
    'an axis away and one more': ({ cube }) =>
      tf.stridedSlice(cube, [1, 0, 0, 0], [2, 1, 3, 4], [1, 1, 1, 1], 0, 0, 0, 2, 1),
    'the axes between': ({ images }) => tf.stridedSlice(images, [0, 0], [1, 2], [1, 1], 0, 0, 2),
  },
  Tile: {
    'both axes': ({ floats }) => tf.tile(floats, [2, 3]),
    'one axis of int32': ({ ints }) => tf.tile(ints, [1, 2]),
    'tf.broadcastTo': ({ row }) => tf.broadcastTo(row, [2, 3]),
  },
  Transpose: {
    'reversed axes': ({ cube }) => tf.transpose(cube),
    'chosen axes': ({ cube }) => tf.transpose(cube, [0, 2, 1]),
    'rank 4': ({ images }) => tf.transpose(images, [0, 3, 1, 2]),
    int32: ({ ints }) => tf.transpose(ints),
    'back and forth': ({ cube }) => tf.transpose(tf.transpose(cube, [2, 0, 1]), [1, 2, 0]),
  },
  Unpack: {
    'the first axis': ({ floats }) => tf.unstack(floats)[1],
    'an axis between': ({ cube }) => tf.unstack(cube, 1)[2],
    'the last axis, counted from the end, of int32': ({ ints }) => tf.unstack(ints, -1)[0],
  },
  UnsortedSegmentSum: {
    'rows, some segments empty': ({ floats, indices }) =>
      tf.unsortedSegmentSum(floats.transpose(), indices, 5),
    'values of one segment': ({ special }) =>
      tf.unsortedSegmentSum(special, tf.zeros([special.size], 'int32'), 2),
    int32: ({ indices }) => tf.unsortedSegmentSum(indices, tf.tensor1d([1, 1, 0], 'int32'), 3),
  },
};
