import { create } from '@bufbuild/protobuf';
import * as tf from '@tensorflow/tfjs';
import {
  type AttrValue,
  AttrValueSchema,
} from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { boolAttribute, dtypeAttribute } from '../attributes.ts';
import { RECORDING, type RecordingBackend } from '../recording_backend.ts';
import type { Trace } from '../trace.ts';
import { isRecording } from './libtensorflow_op.ts';

const KERNEL = 'TransposedDoubleProduct';

/** DT_DOUBLE of tensorflow/core/framework/types.proto. TensorFlow.js has no such dtype. */
const DOUBLE: AttrValue = create(AttrValueSchema, { value: { case: 'type', value: 2 } });
const FLOAT = dtypeAttribute('float32');

/** A double as the sum of two singles: 48 of its 53 bits. */
export interface DoubleTensor {
  /** The value, rounded to single precision. */
  readonly high: tf.Tensor2D;
  /** What the rounding left over. */
  readonly low: tf.Tensor2D;
}

/**
 * aᵀ·b, a: [P, C] float32, b: [P, M] float32, multiplied and summed in double precision by
 * libtensorflow's own MatMul of doubles, which TensorFlow.js cannot reach outside of a compiled
 * function.
 * @throws Error outside of one
 */
export function transposedDoubleProduct(a: tf.Tensor2D, b: tf.Tensor2D): DoubleTensor {
  if (!isRecording()) {
    throw new Error(
      `Expected a function that is compiled for a product in double precision but received the backend ${tf.getBackend()}`,
    );
  }
  registerOnce();
  const [high, low] = tf.engine().runKernel(KERNEL, { a, b }) as unknown as tf.Tensor2D[];
  return { high, low: low };
}

let registered = false;

function registerOnce(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({
    kernelName: KERNEL,
    backendName: RECORDING,
    kernelFunc: ({ inputs, backend }) =>
      record(inputs as Operands, (backend as RecordingBackend).active),
  });
}

type Operands = Readonly<Record<'a' | 'b', tf.TensorInfo>>;

/** The tensors between the casts are doubles, which no kernel but these sees. */
function record({ a, b }: Operands, trace: Trace): tf.TensorInfo[] {
  const cast = (x: tf.TensorInfo, SrcT: AttrValue, DstT: AttrValue) =>
    trace.addOne('Cast', [x], { SrcT, DstT }, x.shape, 'float32');
  const product = trace.addOne(
    'MatMul',
    [cast(a, FLOAT, DOUBLE), cast(b, FLOAT, DOUBLE)],
    { T: DOUBLE, transpose_a: boolAttribute(true), transpose_b: boolAttribute(false) },
    [a.shape[1], b.shape[1]],
    'float32',
  );
  const high = cast(product, DOUBLE, FLOAT);
  const rest = trace.addOne(
    'Sub',
    [product, cast(high, FLOAT, DOUBLE)],
    { T: DOUBLE },
    product.shape,
    'float32',
  );
  return [high, cast(rest, DOUBLE, FLOAT)];
}
