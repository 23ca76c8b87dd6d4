/** A checkpoint of training in one file: safetensors with the state as JSON in its metadata. */
import { z } from 'zod';
import { InvalidValueError, messageOf } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import { readSafetensors } from './safetensors.ts';
import { damagedFile } from './safetensors_header.ts';

const METADATA_KEY = 'tf8_training_checkpoint';

const contentSchema = z.object({
  version: z.literal(1),
  step: z.int().min(0),
  state: z.unknown(),
});

export interface TrainingCheckpoint {
  /** Steps done. */
  readonly step: number;
  /** Weights, optimizer slots and moving averages by name. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** What else a run needs to go on, as JSON gives it back: to be validated by who saved it. */
  readonly state: unknown;
}

/**
 * The metadata of a checkpoint's file.
 * @param state an object that JSON can hold
 * @throws InvalidValueError where `step` is no count or `state` holds a number that JSON has not
 */
export function encodeState(step: number, state: object): ReadonlyMap<string, string> {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new InvalidValueError(`Expected a count of steps but received ${step}`);
  }
  const json = JSON.stringify({ version: 1, step, state }, (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new InvalidValueError(
        `Expected a finite number as ${key} of the state but received ${value}`,
      );
    }
    return value;
  });
  return new Map([[METADATA_KEY, json]]);
}

/**
 * Reads a checkpoint and checks that it is whole.
 * @param step that it is to be of
 * @throws UserError naming the file and what is wrong with it
 */
export async function readTrainingCheckpoint(
  path: string,
  step: number,
): Promise<TrainingCheckpoint> {
  const { tensors, metadata, hashed } = await readSafetensors(path);
  const json = metadata.get(METADATA_KEY);
  if (!hashed || json === undefined) {
    throw damagedFile(`Expected a checkpoint of training at ${path} but it is another file`);
  }
  const parsed = contentSchema.safeParse(parseJson(json, path));
  if (!parsed.success) {
    throw damagedFile(
      `Expected the state of a training in ${path} but: ${firstIssue(parsed.error)}`,
    );
  }
  if (parsed.data.step !== step) {
    throw damagedFile(
      `Expected the checkpoint of step ${step} at ${path} but received that of step ${parsed.data.step}`,
    );
  }
  return { step, tensors, state: parsed.data.state };
}

function parseJson(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw damagedFile(`Expected JSON as the state in ${path} but: ${messageOf(error)}`, error);
  }
}
