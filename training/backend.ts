/**
 * The one door to `@tensorflow/tfjs-node`. Everybody else speaks to the API of `@tensorflow/tfjs`,
 * whose active backend is set here.
 */
import * as tf from '@tensorflow/tfjs';
import { messageOf, UserError } from '../checkpoints/artifacts/errors.ts';

export interface Backend {
  /** tensorflow: libtensorflow through tfjs-node. wasm: inference only. */
  readonly name: 'tensorflow' | 'wasm';
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

/** As `selectBackend`, for work that only libtensorflow does. */
export async function requireTensorFlow(work: string): Promise<Backend> {
  const backend = await selectBackend();
  if (backend.name !== 'tensorflow') {
    throw new UserError(
      `${work} needs tfjs-node, which is not there: ${backend.notes.join('; ')}`,
      {
        remedy: 'Run "npm run setup", then "npx tf8 doctor" to see what is missing.',
      },
    );
  }
  return backend;
}

async function select(): Promise<Backend> {
  const notes: string[] = [];
  try {
    await import('@tensorflow/tfjs-node');
    await tf.setBackend('tensorflow');
    const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } };
    return { name: 'tensorflow', version: binding.TF_Version, notes };
  } catch (error) {
    notes.push(`tfjs-node does not load (${firstLine(messageOf(error))})`);
  }
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  return { name: 'wasm', version: wasm.version_wasm, notes };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
