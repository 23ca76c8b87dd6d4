import { basename } from 'node:path';
import { loadFloatModelAt } from '../../checkpoints/float_model.ts';
import type { FloatModelPlace } from '../../checkpoints/float_model_place.ts';
import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
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
 * Opens a float model of any program whose files are read.
 * @param name what it was asked for by
 */
export async function openFloat(
  place: FloatModelPlace,
  name: string,
  context: Context,
): Promise<OpenedFloatModel> {
  const { reporter } = context;
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const loaded = await loadFloatModelAt(place);
  const { model, card } = loaded;
  if (card !== undefined) {
    return { kind: 'float', name, model, facts: cardFacts(model, loaded.format, card) };
  }
  requireOurImages(loaded, name);
  const { notes, ...imported } = importModel(loaded);
  for (const note of notes) reporter.info(`${name}: ${note}`);
  const source = `${imported.format} ${basename(name)}`;
  return {
    kind: 'float',
    name,
    model: imported.model,
    facts: importedFacts(imported, { name, source }),
  };
}
