import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { FLOAT_MODEL_FILES, loadFloatModel } from '../../checkpoints/float_model.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { fileSource, readBounded } from '../../foundation/byte_source.ts';
import type { Context } from '../../foundation/context.ts';
import { UserError } from '../../foundation/errors.ts';
import { decodeTf8, isTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { type ImportedModel, imageNetLabels, importModel } from './import_model.ts';

/** Bytes that tell a TF8 file. */
const TF8_START_BYTES = 64;
/** Above any TF8 model: the weights of an InceptionV3 have 24 MB. */
const MAX_TF8_BYTES = 512 * 2 ** 20;

export interface OpenFloatModel {
  readonly kind: 'float';
  readonly name: string;
  readonly model: tf.LayersModel;
  /**
   * Of a model that another program saved: what its structure tells. Absent where that is no network of
   * ours, or has other classes than ImageNet's.
   */
  readonly card: ModelCard | undefined;
  /** How a model that another program saved was read. */
  readonly imported?: ImportedModel;
}

export interface OpenTf8Model {
  readonly kind: 'tf8';
  readonly name: string;
  readonly model: Tf8Model;
}

export type OpenModel = OpenFloatModel | OpenTf8Model;

/**
 * Opens what a command calls MODEL: a TF8 file, a float model of any program whose files are read
 * (`loadFloatModel`), or the name of a public checkpoint, which is pulled if it is not there yet. A path
 * that exists comes before a name.
 * @throws UserError when it is none of these, or damaged
 */
export async function openModel(reference: string, context: Context): Promise<OpenModel> {
  if (await isTf8File(reference)) {
    const bytes = await readBounded(reference, MAX_TF8_BYTES);
    return { kind: 'tf8', name: reference, model: await decodeTf8(bytes, reference) };
  }
  return openNamed(reference, ['a TF8 file', FLOAT_MODEL_FILES], context);
}

/** As `openModel`, for work that needs the float network. */
export async function openFloatModel(reference: string, context: Context): Promise<OpenFloatModel> {
  if (await isTf8File(reference)) {
    throw new UserError(`Expected a float model but ${reference} is a TF8 file`, {
      remedy: 'Pass the model that it was quantized from.',
    });
  }
  return openNamed(reference, [FLOAT_MODEL_FILES], context);
}

/** Name of the data set that a model's classes belong to; imagenet where the model does not tell. */
export function datasetOf(opened: OpenModel): string {
  const known = opened.kind === 'tf8' ? opened.model.provenance.dataset : opened.card?.dataset;
  return known ?? 'imagenet';
}

/** Pulls a public checkpoint; its card gets ImageNet's class names. */
export function pullImageNet(name: string, context: Context) {
  return pullCheckpoint(name, {
    ...context,
    classNames: IMAGENET_CLASSES.map((imageNetClass) => imageNetClass.name),
  });
}

/** Outputs before the first class, and the classes' names; from the number of outputs where no card tells. */
export function labelsOf(opened: OpenModel): Pick<ModelCard, 'labelOffset' | 'classNames'> {
  const known = opened.kind === 'tf8' ? opened.model : opened.card;
  if (known !== undefined) {
    return { labelOffset: known.labelOffset, classNames: [...known.classNames] };
  }
  const { model } = opened as OpenFloatModel;
  return imageNetLabels(model.outputs[0].shape.at(-1)!) ?? { labelOffset: 0, classNames: [] };
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
): Promise<OpenFloatModel> {
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
): Promise<OpenFloatModel> {
  const { reporter } = context;
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const loaded = await loadFloatModel(path);
  if (loaded === undefined) throw notAModel(path, await reasonOf(path), accepted);
  const { model, card } = loaded;
  if (card !== undefined) return { kind: 'float', name, model, card };
  const imported = importModel(loaded, path);
  for (const note of imported.notes) reporter.info(`${name}: ${note}`);
  return { kind: 'float', name, model: imported.model, card: imported.card, imported };
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
