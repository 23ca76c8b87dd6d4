import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import type { ModelCard } from '../../checkpoints/model_card.ts';
import { loadModelFolder } from '../../checkpoints/model_store.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public_checkpoints.ts';
import { pullCheckpoint } from '../../checkpoints/pull.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet_classes.ts';
import { decodeTf8, isTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import type { Context } from '../context.ts';

export interface OpenFloatModel {
  readonly kind: 'float';
  readonly name: string;
  readonly model: tf.LayersModel;
  /** Absent for a model that another program saved. */
  readonly card: ModelCard | undefined;
}

export interface OpenTf8Model {
  readonly kind: 'tf8';
  readonly name: string;
  readonly model: Tf8Model;
}

export type OpenModel = OpenFloatModel | OpenTf8Model;

/**
 * Opens what a command calls MODEL: a TF8 file, a model folder, a tfjs `model.json`, or the name of
 * a public checkpoint, which is pulled if it is not there yet. A path that exists comes before a name.
 * @throws UserError when it is none of these, or damaged
 */
export async function openModel(reference: string, context: Context): Promise<OpenModel> {
  if (existsSync(reference)) {
    if (!(await stat(reference)).isDirectory()) {
      const bytes = await readFile(reference);
      if (isTf8(bytes)) {
        return { kind: 'tf8', name: reference, model: await decodeTf8(bytes, reference) };
      }
      if (!reference.endsWith('.json')) throw notAModel(reference, 'it is another kind of file');
    } else if (!existsSync(join(reference, 'model.json'))) {
      throw notAModel(reference, 'the folder holds no model.json');
    }
    return openFloat(reference, reference, context);
  }
  if (!PUBLIC_CHECKPOINTS.some(({ name }) => name === reference)) {
    throw notAModel(reference, 'there is no such file, folder or public checkpoint');
  }
  const { dir } = await pullImageNet(reference, context);
  return openFloat(dir, reference, context);
}

/** As `openModel`, for work that needs the float network. */
export async function openFloatModel(reference: string, context: Context): Promise<OpenFloatModel> {
  const opened = await openModel(reference, context);
  if (opened.kind === 'tf8') {
    throw new UserError(`Expected a float model but ${reference} is a TF8 file`, {
      remedy: 'Pass the model that it was quantized from.',
    });
  }
  return opened;
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

async function openFloat(
  path: string,
  name: string,
  { reporter }: Context,
): Promise<OpenFloatModel> {
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const { model, card } = await loadModelFolder(path);
  return { kind: 'float', name, model, card };
}

function notAModel(reference: string, reason: string): UserError {
  const names = PUBLIC_CHECKPOINTS.map(({ name }) => name).join(', ');
  return new UserError(`Expected a model but received "${reference}": ${reason}`, {
    remedy: `Pass a TF8 file, a model folder, a tfjs model.json, or one of these names: ${names}.`,
  });
}
