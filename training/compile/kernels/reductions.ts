/** Kernels that reduce axes or accumulate along them. */
import * as tf from '@tensorflow/tfjs';
import { boolAttribute, dtypeAttribute } from '../attributes.ts';
import { castTo } from './elementwise.ts';
import { type RecordedCall, type RecordKernel, typeOf } from './kernel.ts';

const reduction =
  (op: string): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { x } = inputs;
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

/** float32 whatever it is the mean of, as TensorFlow.js has it. */
function mean(call: RecordedCall): tf.TensorInfo | tf.TensorInfo[] {
  const x = call.inputs.x;
  const floats = x.dtype === 'float32' ? x : castTo(x, 'float32', call.trace);
  return reduction('Mean')({ ...call, inputs: { ...call.inputs, x: floats } });
}

const argReduction =
  (op: string): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { x } = inputs;
    const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape);
    const types = {
      ...typeOf(x),
      Tidx: dtypeAttribute('int32'),
      output_type: dtypeAttribute('int32'),
    };
    const shape = x.shape.filter((_, index) => index !== axis);
    return trace.addOne(op, [x, trace.scalar(axis, 'int32')], types, shape, 'int32');
  };

const cumulation =
  (op: string): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { x } = inputs;
    const { axis, exclusive, reverse } = attributes;
    return trace.addOne(
      op,
      [x, trace.scalar(axis, 'int32')],
      {
        ...typeOf(x),
        Tidx: dtypeAttribute('int32'),
        exclusive: boolAttribute(exclusive),
        reverse: boolAttribute(reverse),
      },
      x.shape,
      x.dtype,
    );
  };

/** Over the last axis, the only one that TensorFlow.js passes on. */
function softmax({ inputs, trace }: RecordedCall): tf.TensorInfo {
  const { logits } = inputs;
  return trace.addOne('Softmax', [logits], typeOf(logits), logits.shape, logits.dtype);
}

export const REDUCTIONS: Readonly<Record<string, RecordKernel>> = {
  All: reduction('All'),
  Any: reduction('Any'),
  Max: reduction('Max'),
  Mean: mean,
  Min: reduction('Min'),
  Prod: reduction('Prod'),
  Sum: reduction('Sum'),
  ArgMax: argReduction('ArgMax'),
  ArgMin: argReduction('ArgMin'),
  Cumprod: cumulation('Cumprod'),
  Cumsum: cumulation('Cumsum'),
  Softmax: softmax,
};
