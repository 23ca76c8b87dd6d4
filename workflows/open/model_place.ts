/** What a MODEL is, by a look at the path: nothing of TensorFlow is loaded for it. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  FLOAT_MODEL_FILES,
  type FloatModelPlace,
  floatModelPlace,
} from '../../checkpoints/float_model_place.ts';
import { foreignModel } from '../../checkpoints/foreign_model.ts';
import {
  PUBLIC_CHECKPOINT_NAMES,
  PUBLIC_CHECKPOINTS,
  type PublicCheckpoint,
} from '../../checkpoints/public/public_checkpoints.ts';
import { UserError } from '../../foundation/errors.ts';
import { fileSource } from '../../foundation/files/byte_source.ts';
import { isTf8 } from '../../quantize/model/tf8_magic.ts';
import { TRAINED_TF8 } from '../outputs/training_files.ts';

/** Bytes that tell a TF8 file. */
const TF8_START_BYTES = 64;

export type ModelPlace =
  | { readonly kind: 'tf8'; readonly path: string }
  | { readonly kind: 'float'; readonly place: FloatModelPlace }
  | { readonly kind: 'public'; readonly checkpoint: PublicCheckpoint };

/**
 * Tells what a MODEL is. A path that exists comes before the name of a public checkpoint.
 * @throws UserError where it is neither
 */
export function modelPlace(reference: string): Promise<ModelPlace> {
  return placeOf(reference, ['a TF8 file']);
}

/**
 * As `modelPlace`, for work that needs the float network.
 * @throws UserError for a TF8 file, too
 */
export async function floatPlace(
  reference: string,
): Promise<Exclude<ModelPlace, { readonly kind: 'tf8' }>> {
  const place = await placeOf(reference, []);
  if (place.kind !== 'tf8') return place;
  throw new UserError(`Expected a float model but ${reference} is a TF8 file`, {
    remedy: 'Pass the model that it was quantized from.',
  });
}

/** @param others what the command takes beside float models, in words */
async function placeOf(reference: string, others: readonly string[]): Promise<ModelPlace> {
  if (await isTf8File(reference)) return { kind: 'tf8', path: reference };
  const trained = join(reference, TRAINED_TF8);
  if (!existsSync(join(reference, 'model.json')) && (await isTf8File(trained))) {
    return { kind: 'tf8', path: trained };
  }
  const checkpoint = PUBLIC_CHECKPOINTS.find(({ name }) => name === reference);
  if (checkpoint !== undefined && !existsSync(reference)) return { kind: 'public', checkpoint };
  const foreign = await foreignModel(reference);
  if (foreign !== undefined) {
    throw new UserError(`Expected a model that tf8 reads but "${reference}" is ${foreign.kind}`, {
      remedy: foreign.remedy,
    });
  }
  const place = await floatModelPlace(reference);
  if (place !== undefined) return { kind: 'float', place };
  throw notAModel(reference, await reasonOf(reference), others);
}

async function isTf8File(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) return false;
  const source = await fileSource(path);
  try {
    return isTf8(await source.read(0, Math.min(source.size, TF8_START_BYTES)));
  } finally {
    await source.close();
  }
}

async function reasonOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 'there is no such file, folder or public checkpoint';
  return info.isDirectory() ? 'the folder holds no model' : 'it is another kind of file';
}

function notAModel(reference: string, reason: string, others: readonly string[]): UserError {
  return new UserError(`Expected a model but received "${reference}": ${reason}`, {
    remedy: `Pass ${[...others, FLOAT_MODEL_FILES].join(', ')}, or one of these names: ${PUBLIC_CHECKPOINT_NAMES}.`,
  });
}
