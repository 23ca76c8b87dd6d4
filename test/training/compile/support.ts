import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';

/**
 * Every number within `tolerance` of the largest expected one; tolerance 0: the same number, where
 * 0 is not −0 and NaN is NaN.
 */
export function assertClose(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  of: string,
): void {
  assert.equal(received.length, expected.length, `the length of ${of}`);
  const largest = largestOf(expected);
  for (let i = 0; i < expected.length; i++) {
    const isClose =
      Object.is(received[i], expected[i]) ||
      Math.abs(received[i] - expected[i]) <= tolerance * largest;
    assert.ok(isClose, `${of} [${i}]: expected ${expected[i]} but received ${received[i]}`);
  }
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) largest = Math.max(largest, Math.abs(values[i]));
  }
  return largest;
}

/** What TensorFlow.js holds. */
export function memory(): Pick<tf.MemoryInfo, 'numTensors' | 'numDataBuffers' | 'numBytes'> {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return { numTensors, numDataBuffers, numBytes };
}

/** The numbers of tensors, which are disposed of. */
export function numbersOf(tensors: tf.NamedTensorMap): Record<string, number[]> {
  const numbers = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
  );
  tf.dispose(tensors);
  return numbers;
}

/** Runs `body` on TensorFlow.js' own backend, without its advice to install another. */
export async function onCpu(body: () => void): Promise<void> {
  tf.env().set('IS_NODE', false);
  await tf.setBackend('cpu');
  try {
    body();
  } finally {
    tf.env().set('IS_NODE', true);
    await tf.setBackend('tensorflow');
  }
}
