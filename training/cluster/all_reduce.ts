import * as tf from '@tensorflow/tfjs';
import {
  boolAttribute,
  dtypeAttribute,
  floatAttribute,
  intAttribute,
  stringAttribute,
} from '../compile/attributes.ts';
import { isRecording, libtensorflowOp } from '../compile/ops/libtensorflow_op.ts';

/** All workers are one group. */
const GROUP_KEY = 1;

/** What all workers must say alike of a collective. */
export interface Collective {
  /** Workers. */
  readonly workers: number;
  /** Of this collective alone. */
  readonly instanceKey: number;
  /** After it the step fails: how far workers may be apart. */
  readonly timeoutSeconds: number;
}

/**
 * The sum of the workers' vectors, on each of them: the same bits. Waits for all.
 * @param vector [N] float32, N the same on all
 * @throws Error outside of a function that is compiled: in tfjs-node's own session it would wait for ever
 */
export function allReduce(vector: tf.Tensor1D, collective: Collective): tf.Tensor1D {
  const { workers, instanceKey, timeoutSeconds } = collective;
  if (!isRecording()) {
    throw new Error(
      `Expected a function that is compiled for a sum over workers but received the backend ${tf.getBackend()}`,
    );
  }
  const scalars = [workers, GROUP_KEY, instanceKey].map((value) => tf.scalar(value, 'int32'));
  const [sum] = libtensorflowOp(
    'CollectiveReduceV2',
    [vector, ...scalars],
    {
      T: dtypeAttribute('float32'),
      merge_op: stringAttribute('Add'),
      final_op: stringAttribute('Id'),
      communication_hint: stringAttribute('auto'),
      timeout_seconds: floatAttribute(timeoutSeconds),
      is_stateless: boolAttribute(false),
      Nordering_token: intAttribute(0),
      max_subdivs_per_device: intAttribute(-1),
    },
    [vector],
  );
  return sum as tf.Tensor1D;
}
