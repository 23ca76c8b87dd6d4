import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FLOAT_MODEL_FILES, loadFloatModel } from '../../checkpoints/float_model.ts';
import { foreignModel } from '../../checkpoints/foreign_model.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectBackend } from '../../training/backend.ts';
import { cardFacts, importedFacts } from './float_facts.ts';
import { importModel, requireOurImages } from './import_model.ts';
import type { OpenedFloatModel } from './opened_model.ts';

/**
 * Pulls a public checkpoint; its card gets ImageNet's class names.
 * @throws UserError as `pullCheckpoint` does
 */
export function pullImageNet(name: string, context: Context) {
  return pullCheckpoint(name, {
    ...context,
    classNames: IMAGENET_CLASSES.map((imageNetClass) => imageNetClass.name),
  });
}

/**
 * Opens a float model of any program whose files are read (`loadFloatModel`).
 * @param name what it was asked for by
 * @param others what the command takes beside float models, in words
 */
export async function openFloat(
  path: string,
  name: string,
  others: readonly string[],
  context: Context,
): Promise<OpenedFloatModel> {
  const { reporter } = context;
  const foreign = await foreignModel(path);
  if (foreign !== undefined) {
    throw new UserError(`Expected a model that is read here but "${name}" is ${foreign.kind}`, {
      remedy: foreign.remedy,
    });
  }
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const loaded = await loadFloatModel(path);
  if (loaded === undefined) throw notAModel(path, await reasonOf(path), others);
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

function notAModel(reference: string, reason: string, others: readonly string[]): UserError {
  const names = PUBLIC_CHECKPOINTS.map(({ name }) => name).join(', ');
  return new UserError(`Expected a model but received "${reference}": ${reason}`, {
    remedy: `Pass ${[...others, FLOAT_MODEL_FILES].join(', ')}, or one of these names: ${names}.`,
  });
}
