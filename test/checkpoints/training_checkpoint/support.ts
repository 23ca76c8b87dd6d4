import assert from 'node:assert/strict';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CheckpointFolder,
  type NewCheckpoint,
} from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import {
  readSafetensors,
  writeSafetensors,
} from '../../../checkpoints/training_checkpoint/safetensors.ts';
import type { TrainingCheckpoint } from '../../../checkpoints/training_checkpoint/training_checkpoint.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

/** Elements of the checkpoints whose saving is killed: 800 kB. */
export const KILLED_SIZE = 200_000;

export type Tensors = ReadonlyMap<string, WeightTensor>;

export function vector(...values: number[]): WeightTensor {
  return { shape: [values.length], values: Float32Array.from(values) };
}

/** A checkpoint whose every value tells its step; `size` elements in its large tensor. */
export function checkpointOf(step: number, size = 1000): NewCheckpoint {
  const values = Float32Array.from({ length: size }, (_, index) => step + index / size);
  return {
    step,
    tensors: new Map([
      ['Conv2d_0/kernel', { shape: [size], values }],
      ['Conv2d_0/bias', vector(step)],
    ]),
    state: { epoch: Math.floor(step / 10), seeds: [step, step + 1] },
  };
}

/** Asserts that `received` is what `checkpointOf(step, size)` was. */
export function assertIsCheckpoint(received: TrainingCheckpoint, step: number, size = 1000): void {
  const { tensors, state } = checkpointOf(step, size);
  assert.deepEqual(received, { step, tensors, state });
}

/** Runs `body` with the folder of checkpoints `dir`, open, and with what it reports. */
export async function usingFolder(
  dir: string,
  body: (folder: CheckpointFolder, messages: string[]) => Promise<void>,
  keep?: number,
): Promise<void> {
  const reporter = recordingReporter();
  const folder = await CheckpointFolder.open({ dir, keep, reporter });
  try {
    await body(folder, reporter.messages);
  } finally {
    await folder.close();
  }
}

/** Bit patterns instead of values, of which NaNs are equal to none and zeros to one another. */
export function bitsOf(tensors: Tensors): Record<string, [readonly number[], number[]]> {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => [
      `tensor ${name}`,
      [shape, [...new Uint32Array(values.slice().buffer)]],
    ]),
  );
}

export async function writeFileOf(
  path: string,
  tensors: Tensors,
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeSafetensors(file, tensors, metadata);
  } finally {
    await file.close();
  }
}

/** Writes tensors, reads them back and removes the file. */
export async function writtenAndRead(tensors: Tensors, metadata?: ReadonlyMap<string, string>) {
  return inFolder(async (folder) => {
    const path = join(folder, 'a.safetensors');
    await writeFileOf(path, tensors, metadata);
    return readSafetensors(path);
  });
}

/** Names of the checkpoints in a folder, and of all else but the lock. */
export async function contentOf(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name !== 'lock').sort();
}

type Method = (this: FileHandle, ...options: unknown[]) => Promise<unknown>;

/** Runs `body` in a folder while a method of all file handles is replaced: a system that fails. */
export async function withFileHandles(
  method: 'stat' | 'sync' | 'writev',
  replacement: (original: Method) => Method,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const file = await open(folder);
    await file.close();
    const prototype: Record<string, Method> = Object.getPrototypeOf(file);
    const original = prototype[method];
    prototype[method] = replacement(original);
    try {
      await body(folder);
    } finally {
      prototype[method] = original;
    }
  });
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made up for a test`), { code });
}
