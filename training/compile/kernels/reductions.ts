/** Kernels that reduce axes. */
import * as tf from '@tensorflow/tfjs';
import { boolAttribute, dtypeAttribute } from '../attributes.ts';
import { type KernelCall, type RecordKernel, typeOf } from './kernel.ts';

const reduction =
  (op: string): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const x = inputs.x!;
    const axes = tf.util.parseAxisParam(attributes.axis ?? attributes.reductionIndices, x.shape);
    const keepDims: boolean = attributes.keepDims ?? false;
    const [kept, reduced] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
    const isLogical = op === 'All' || op === 'Any';
    const types = { ...(isLogical ? {} : typeOf(x)), Tidx: dtypeAttribute('int32') };
    return trace.addOne(
      op,
      [x, trace.int32(reduced.length === 0 ? [] : axes)],
      { ...types, keep_dims: boolAttribute(keepDims) },
      shape,
      x.dtype,
    );
  };

const argReduction =
  (op: string): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const x = inputs.x!;
    const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape);
    const types = {
      ...typeOf(x),
      Tidx: dtypeAttribute('int32'),
      output_type: dtypeAttribute('int32'),
    };
    const shape = x.shape.filter((_, index) => index !== axis);
    return trace.addOne(op, [x, trace.scalar(axis!, 'int32')], types, shape, 'int32');
  };

/** Over the last axis, the only one that TensorFlow.js passes on. */
const softmax =
  (op: string): RecordKernel =>
  ({ inputs, trace }: KernelCall) => {
    const logits = inputs.logits!;
    return trace.addOne(op, [logits], typeOf(logits), logits.shape, logits.dtype);
  };

export const REDUCTIONS: Readonly<Record<string, RecordKernel>> = {
  All: reduction('All'),
  Any: reduction('Any'),
  Max: reduction('Max'),
  Mean: reduction('Mean'),
  Min: reduction('Min'),
  Prod: reduction('Prod'),
  Sum: reduction('Sum'),
  ArgMax: argReduction('ArgMax'),
  ArgMin: argReduction('ArgMin'),
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
};
