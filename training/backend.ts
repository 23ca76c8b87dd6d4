/**
 * The one door to `@tensorflow/tfjs-node`. Everybody else speaks to the API of `@tensorflow/tfjs`,
 * whose active backend is set here.
 */
import * as tf from '@tensorflow/tfjs';
import { messageOf, UserError } from '../foundation/errors.ts';
import { importOptional } from '../foundation/optional_package.ts';
import { SET_UP } from '../foundation/repository.ts';
import { setTensorFlowEnvironment } from './tensorflow_environment.ts';

export interface Backend {
  /** tensorflow: libtensorflow through tfjs-node. wasm: inference only. cpu: plain JavaScript. */
  readonly name: 'tensorflow' | 'wasm' | 'cpu';
  /** Version of the library behind it. */
  readonly version: string;
  /** Why a faster backend was not taken. */
  readonly notes: readonly string[];
}

let active: Promise<Backend> | undefined;

/**
 * Takes the fastest backend that loads: libtensorflow, else WebAssembly (float inference without
 * gradients of every operation). Later calls return the first one's choice.
 */
export function selectBackend(): Promise<Backend> {
  active ??= select();
  return active;
}

/** Whether a backend was asked for already: libtensorflow, where it loads, has read its environment. */
export function isBackendSelected(): boolean {
  return active !== undefined;
}

/**
 * As `selectBackend`, for work that only libtensorflow does.
 * @param work what it is, for the message
 * @throws UserError where libtensorflow does not load, saying why
 */
export async function requireTensorFlow(work: string): Promise<Backend> {
  const backend = await selectBackend();
  if (backend.name !== 'tensorflow') {
    throw new UserError(
      `${work} needs tfjs-node, which is not there: ${backend.notes.join('; ')}`,
      {
        remedy: `Run "${SET_UP}", then "npx tf8 doctor" to see what is missing.`,
      },
    );
  }
  return backend;
}

/** As `selectBackend`, for training: where libtensorflow is missing, plain JavaScript, which is slow. */
export async function selectTrainingBackend(): Promise<Backend> {
  const backend = await selectBackend();
  if (backend.name === 'tensorflow') return backend;
  await tf.setBackend('cpu'); // WebAssembly has no gradients of convolutions.
  return { name: 'cpu', version: tf.version.tfjs, notes: backend.notes };
}

/** Writes events of TensorBoard's format into a file. */
export interface EventWriter {
  /** Writes one point of the curve `tag`. */
  scalar(tag: string, value: number, step: number): void;
  /**
   * Writes an event as it is.
   * @param event a serialized `tensorflow.Event`
   */
  importEvent(event: Uint8Array): void;
  /** Hands what is buffered to the system. */
  flush(): void;
}

/**
 * tfjs-node's writer of an event file in `folder`, which is made where it is missing; undefined where
 * libtensorflow is not the backend. There is one for each folder and process, and it stays open:
 * asking again gives the same.
 */
export async function eventWriter(folder: string): Promise<EventWriter | undefined> {
  if ((await selectBackend()).name !== 'tensorflow') return undefined;
  const { node } = await import('@tensorflow/tfjs-node');
  const backend = tf.backend() as unknown as {
    executeMultipleOutputs(op: string, attributes: [], inputs: tf.Tensor[], outputs: 0): void;
  };
  let writer!: ReturnType<typeof node.summaryFileWriter>;
  const handle = tf.tidy(() => {
    writer = node.summaryFileWriter(folder);
    return tf.keep((writer as unknown as { resourceHandle: tf.Tensor }).resourceHandle);
  });
  return {
    scalar: (tag, value, step) => writer.scalar(tag, value, step),
    // tfjs-node has no method for the op: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ImportEvent
    importEvent: (event) =>
      tf.tidy(() => {
        const inputs = [handle, tf.scalar(event as unknown as string, 'string')];
        backend.executeMultipleOutputs('ImportEvent', [], inputs, 0);
      }),
    flush: () => writer.flush(),
  };
}

async function select(): Promise<Backend> {
  const notes: string[] = [];
  setTensorFlowEnvironment();
  try {
    await import('@tensorflow/tfjs-node');
    await tf.setBackend('tensorflow');
    const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } };
    return { name: 'tensorflow', version: binding.TF_Version, notes };
  } catch (error) {
    notes.push(`tfjs-node does not load (${firstLine(messageOf(error))})`);
  }
  const wasm = await importOptional(() => import('@tensorflow/tfjs-backend-wasm'));
  await tf.setBackend('wasm');
  return { name: 'wasm', version: wasm.version_wasm, notes };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0];
}
