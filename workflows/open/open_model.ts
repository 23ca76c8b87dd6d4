import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { FLOAT_MODEL_FILES, loadFloatModel } from '../../checkpoints/float_model.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { UserError } from '../../foundation/errors.ts';
import { fileSource, readBounded } from '../../foundation/files/byte_source.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { decodeTf8, isTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { cardFacts, importedFacts } from './float_facts.ts';
import { importModel, requireOurImages } from './import_model.ts';
import type { ModelFacts } from './model_facts.ts';
import { tf8Facts } from './tf8_facts.ts';

/** Bytes that tell a TF8 file. */
const TF8_START_BYTES = 64;
/** Above any TF8 model: the weights of an InceptionV3 have 24 MB. */
const MAX_TF8_BYTES = 512 * 2 ** 20;

export interface OpenedFloatModel {
  readonly kind: 'float';
  /** What it was opened by. */
  readonly name: string;
  readonly model: tf.LayersModel;
  readonly facts: ModelFacts;
}

export interface OpenedTf8Model {
  readonly kind: 'tf8';
  /** What it was opened by. */
  readonly name: string;
  readonly model: Tf8Model;
  readonly facts: ModelFacts;
}

/** A model with all that is known of it; a float model is the caller's to dispose. */
export type OpenedModel = OpenedFloatModel | OpenedTf8Model;

/**
 * Opens what a command calls MODEL: a TF8 file, a float model of any program whose files are read
 * (`loadFloatModel`), or the name of a public checkpoint, which is pulled if it is not there yet. A path
 * that exists comes before a name.
 * @throws UserError when it is none of these, or damaged
 */
export async function openModel(reference: string, context: Context): Promise<OpenedModel> {
  if (await isTf8File(reference)) {
    const bytes = await readBounded(reference, MAX_TF8_BYTES);
    const model = await decodeTf8(bytes, reference);
    return { kind: 'tf8', name: reference, model, facts: tf8Facts(model) };
  }
  return openNamed(reference, ['a TF8 file', FLOAT_MODEL_FILES], context);
}

/** As `openModel`, for work that needs the float network. */
export async function openFloatModel(
  reference: string,
  context: Context,
): Promise<OpenedFloatModel> {
  if (await isTf8File(reference)) {
    throw new UserError(`Expected a float model but ${reference} is a TF8 file`, {
      remedy: 'Pass the model that it was quantized from.',
    });
  }
  return openNamed(reference, [FLOAT_MODEL_FILES], context);
}

/** Pulls a public checkpoint; its card gets ImageNet's class names. */
export function pullImageNet(name: string, context: Context) {
  return pullCheckpoint(name, {
    ...context,
    classNames: IMAGENET_CLASSES.map((imageNetClass) => imageNetClass.name),
  });
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

/** @param accepted what the command takes, in words */
async function openNamed(
  reference: string,
  accepted: readonly string[],
  context: Context,
): Promise<OpenedFloatModel> {
  const isPublic = PUBLIC_CHECKPOINTS.some(({ name }) => name === reference);
  if (!isPublic || existsSync(reference)) {
    return openFloat(reference, reference, accepted, context);
  }
  const { dir } = await pullImageNet(reference, context);
  return openFloat(dir, reference, accepted, context);
}

async function openFloat(
  path: string,
  name: string,
  accepted: readonly string[],
  context: Context,
): Promise<OpenedFloatModel> {
  const { reporter } = context;
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const loaded = await loadFloatModel(path);
  if (loaded === undefined) throw notAModel(path, await reasonOf(path), accepted);
  const { model, card } = loaded;
  if (card !== undefined) {
    return { kind: 'float', name, model, facts: cardFacts(model, loaded.format, card) };
  }
  requireOurImages(loaded, name);
  const { notes, ...imported } = importModel(loaded);
  for (const note of notes) reporter.info(`${name}: ${note}`);
  const source = `${imported.format} ${basename(path)}`;
  return {
    kind: 'float',
    name,
    model: imported.model,
    facts: importedFacts(imported, { name, source }),
  };
}

async function reasonOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 'there is no such file, folder or public checkpoint';
  return info.isDirectory() ? 'the folder holds no model' : 'it is another kind of file';
}

function notAModel(reference: string, reason: string, accepted: readonly string[]): UserError {
  const names = PUBLIC_CHECKPOINTS.map(({ name }) => name).join(', ');
  return new UserError(`Expected a model but received "${reference}": ${reason}`, {
    remedy: `Pass ${accepted.join(', ')}, or one of these names: ${names}.`,
  });
}
