import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { UserError } from '../../foundation/errors.ts';
import { fileSource, readBounded } from '../../foundation/files/byte_source.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { decodeTf8, isTf8 } from '../../quantize/model/tf8_file.ts';
import type { InputRange } from './model_facts.ts';
import type { OpenedFloatModel, OpenedModel } from './opened_model.ts';
import { tf8Facts } from './tf8_facts.ts';

export type { OpenedFloatModel, OpenedModel, OpenedTf8Model } from './opened_model.ts';

/** Bytes that tell a TF8 file. */
const TF8_START_BYTES = 64;
/** Above any TF8 model: the weights of an InceptionV3 have 24 MB. */
const MAX_TF8_BYTES = 512 * 2 ** 20;

export interface OpenModelOptions {
  /** Of the images that a float model takes which does not say. */
  readonly inputRange?: InputRange | undefined;
}

/**
 * Opens what a command calls MODEL: a TF8 file, a float model of any program whose files are read
 * (`loadFloatModel`), or the name of a public checkpoint, which is pulled if it is not there yet. A path
 * that exists comes before a name.
 * @throws UserError when it is none of these, or damaged
 */
export async function openModel(
  reference: string,
  context: Context,
  { inputRange }: OpenModelOptions = {},
): Promise<OpenedModel> {
  if (await isTf8File(reference)) {
    const bytes = await readBounded(reference, MAX_TF8_BYTES);
    const model = await decodeTf8(bytes, reference);
    return { kind: 'tf8', name: reference, model, facts: tf8Facts(model) };
  }
  return openNamed(reference, ['a TF8 file'], inputRange, context);
}

/** As `openModel`, for work that needs the float network. */
export async function openFloatModel(
  reference: string,
  context: Context,
  { inputRange }: OpenModelOptions = {},
): Promise<OpenedFloatModel> {
  if (await isTf8File(reference)) {
    throw new UserError(`Expected a float model but ${reference} is a TF8 file`, {
      remedy: 'Pass the model that it was quantized from.',
    });
  }
  return openNamed(reference, [], inputRange, context);
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

/** @param others what the command takes beside float models, in words */
async function openNamed(
  reference: string,
  others: readonly string[],
  inputRange: InputRange | undefined,
  context: Context,
): Promise<OpenedFloatModel> {
  // What reads float models needs TensorFlow.js; a TF8 file opens without.
  const { openFloat, pullImageNet } = await importOptional(() => import('./open_float.ts'));
  const isPublic = PUBLIC_CHECKPOINTS.some(({ name }) => name === reference);
  if (!isPublic || existsSync(reference)) {
    return openFloat(reference, reference, others, inputRange, context);
  }
  const { dir } = await pullImageNet(reference, context);
  return openFloat(dir, reference, others, inputRange, context);
}
