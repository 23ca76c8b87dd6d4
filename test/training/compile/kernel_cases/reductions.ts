import * as tf from '@tensorflow/tfjs';
import type { KernelCalls, KernelTable } from './inputs.ts';

type Reduce<T extends tf.Tensor> = (
  x: T,
  axis?: number | number[],
  keepDims?: boolean,
) => tf.Tensor;

const float = (reduce: Reduce<tf.Tensor>): KernelCalls => ({
  'all axes': ({ cube }) => reduce(cube),
  'all axes kept': ({ cube }) => reduce(cube, undefined, true),
  'the first axis': ({ cube }) => reduce(cube, 0),
  'the last axis, counted from the end': ({ cube }) => reduce(cube, -1),
  'two axes kept': ({ cube }) => reduce(cube, [0, 2], true),
  'axes out of order': ({ cube }) => reduce(cube, [2, 0]),
  'no axes': ({ floats }) => reduce(floats, []),
  'a scalar': ({ scalar }) => reduce(scalar),
  'no values': ({ empty }) => reduce(empty, 0),
  int32: ({ ints }) => reduce(ints, 1),
});

const logical = (reduce: Reduce<tf.Tensor>): KernelCalls => ({
  'all axes': ({ bools }) => reduce(bools),
  'the first axis': ({ bools }) => reduce(bools, 0),
  'the last axis kept': ({ bools }) => reduce(bools, -1, true),
});

const best = (find: (x: tf.Tensor, axis?: number) => tf.Tensor): KernelCalls => ({
  'the first axis': ({ cube }) => find(cube),
  'an axis between': ({ cube }) => find(cube, 1),
  'the last axis, counted from the end': ({ cube }) => find(cube, -1),
  'a vector': ({ row }) => find(row),
  int32: ({ ints }) => find(ints, 1),
  bool: ({ bools }) => find(bools, 1),
});

type Cumulate = (x: tf.Tensor, axis?: number, exclusive?: boolean, reverse?: boolean) => tf.Tensor;

const cumulations = (cumulate: Cumulate): KernelCalls => ({
  'the first axis': ({ cube }) => cumulate(cube),
  'an axis between, without the number itself': ({ cube }) => cumulate(cube, 1, true),
  'the last axis, counted from the end, backwards': ({ cube }) => cumulate(cube, -1, false, true),
  int32: ({ ints }) => cumulate(ints, 1),
});

export const REDUCTION_CASES: KernelTable = {
  All: logical(tf.all),
  Any: logical(tf.any),
  Max: float(tf.max),
  Mean: { ...float(tf.mean), bool: ({ bools }) => tf.mean(bools, 1) },
  Min: float(tf.min),
  Prod: { ...float(tf.prod), bool: ({ bools }) => tf.prod(bools, 1) },
  Sum: { ...float(tf.sum), bool: ({ bools }) => tf.sum(bools, 1) },
  ArgMax: best(tf.argMax),
  ArgMin: best(tf.argMin),
  Cumprod: cumulations(tf.cumprod),
  Cumsum: cumulations(tf.cumsum),
  Softmax: {
    'a matrix': ({ floats }) => tf.softmax(floats),
    'the last of three axes': ({ cube }) => tf.softmax(cube, 2),
    'a vector': ({ row }) => tf.softmax(row),
  },
};
