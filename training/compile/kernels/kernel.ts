import type * as tf from '@tensorflow/tfjs';
import type { AttrValue } from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { compiledDtype, dtypeAttribute } from '../attributes.ts';
import type { RecordingBackend } from '../recording_backend.ts';
import { RECORDING } from '../recording_backend.ts';
import type { Trace } from '../trace.ts';

/** What TensorFlow.js calls the inputs of the kernels that are recorded; of each kernel its own are there. */
type Input =
  | ('a' | 'b' | 'x' | 'y' | 'dy' | 'input' | 'output' | 'value' | 'indices' | 'logits' | 'filter')
  | ('condition' | 't' | 'e') // of Select
  | ('mean' | 'variance') // of a batch norm
  | 'images' // of a resize
  | 'segmentIds';
type OptionalInput = 'bias' | 'scale' | 'offset';

/** A call of a TensorFlow.js kernel, to be recorded as nodes of TensorFlow. */
export interface RecordedCall {
  readonly inputs: Readonly<Record<Input, tf.TensorInfo>> &
    Readonly<Partial<Record<OptionalInput, tf.TensorInfo>>>;
  // biome-ignore lint/suspicious/noExplicitAny: each kernel's attributes have a type of their own, which TensorFlow.js does not export
  readonly attributes: any;
  readonly trace: Trace;
}

export type RecordKernel = (call: RecordedCall) => tf.TensorInfo | tf.TensorInfo[];

/** The kernel as TensorFlow.js registers it for the recording backend. */
export function recordingKernel(kernelName: string, record: RecordKernel): tf.KernelConfig {
  return {
    kernelName,
    backendName: RECORDING,
    kernelFunc: ({ inputs, attrs, backend }) =>
      record({
        inputs: inputs as RecordedCall['inputs'],
        attributes: attrs ?? {},
        trace: (backend as RecordingBackend).active,
      }),
  };
}

/** The attribute T, by which most ops name the dtype of their inputs. */
export function typeOf({ dtype }: tf.TensorInfo): Record<string, AttrValue> {
  return { T: dtypeAttribute(compiledDtype(dtype)) };
}
