import { basename } from 'node:path';
import type { FloatNetwork } from '../../architectures/graph/float_network.ts';
import { loadFloatModelAt } from '../../checkpoints/float_model.ts';
import type { FloatModelPlace } from '../../checkpoints/float_model_place.ts';
import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import { withModelFiles } from '../../checkpoints/zipped_model.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectBackend } from '../../training/backend.ts';
import { option } from '../wording.ts';
import { cardFacts, importedFacts } from './float_facts.ts';
import { importModel, requireOurImages } from './import_model.ts';
import { labelsBeside } from './labels_beside.ts';
import { type InputRange, type ModelFacts, SYMMETRIC } from './model_facts.ts';
import { isSameRange, rangeTitle } from './model_input.ts';
import { OpenedFloatModel, type OpenModelOptions } from './opened_model.ts';
import type { InputPreprocessing } from './preprocessing.ts';

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
 * @param options the range of the images, where the model does not say; where it ends
 * @throws UserError where the model says another range; `loadFloatModel`'s errors
 */
export function openFloat(
  place: FloatModelPlace,
  name: string,
  options: OpenModelOptions,
  context: Context,
): Promise<OpenedFloatModel> {
  return withModelFiles(place, (files) => openFiles(files, name, options, context));
}

async function openFiles(
  place: FloatModelPlace,
  name: string,
  { inputRange: plainRange, preprocessing, resolution, outputs }: OpenModelOptions,
  context: Context,
): Promise<OpenedFloatModel> {
  const { reporter } = context;
  const end = { outputs, onLeftOut: (note: string) => reporter.warn(note) };
  for (const note of (await selectBackend()).notes) {
    reporter.warn(`${note}: the float network runs on WebAssembly`);
  }
  const loaded = await loadFloatModelAt(place, {
    mayEndEarly: outputs !== undefined,
    resolution,
  });
  const { network, card } = loaded;
  const known = card === undefined ? loaded.input.range : (card.preprocessing?.range ?? SYMMETRIC);
  const asked = preprocessing?.range;
  if (plainRange !== undefined) requireNoOther(known, plainRange, 'inputRange', name, network);
  if (asked !== undefined) requireNoOther(known, asked, 'preprocessing', name, network);
  if (card !== undefined) {
    const facts = asAsked(cardFacts(network, loaded.format, card), preprocessing);
    return new OpenedFloatModel(name, network, facts, end);
  }
  requireOurImages(loaded, asked, name);
  const inputRange = asked ?? plainRange;
  const { notes, ...imported } = importModel(loaded);
  const range = known ?? inputRange ?? SYMMETRIC;
  const all =
    known === undefined && inputRange === undefined
      ? [...notes, assumedNote(loaded.input.channels)]
      : notes;
  for (const note of all) reporter.info(`${name}: ${note}`);
  const source = `${imported.format} ${basename(name)}`;
  const beside = await labelsBeside(place.path, imported.network.outputs);
  const labels = beside?.classNames;
  const told = importedFacts(imported, { name, source, range, labels });
  if (beside !== undefined && told.labels.classNames === labels) {
    reporter.info(`${name}: its ${labels.length} classes are named by ${beside.file} beside it`);
  }
  const facts = asAsked(told, preprocessing);
  return new OpenedFloatModel(name, imported.network, facts, end);
}

/** The facts with what was asked for of how images are brought to the input's size. */
function asAsked(facts: ModelFacts, preprocessing: InputPreprocessing | undefined): ModelFacts {
  const { centralFraction, resample } = preprocessing ?? {};
  const { resample: own, ...input } = facts.input;
  const isBicubic = (resample ?? own) === 'bicubic';
  return {
    ...facts,
    input: {
      ...input,
      ...(centralFraction !== undefined && { centralFraction }),
      ...(isBicubic && { resample: 'bicubic' }),
    },
  };
}

function assumedNote(channels: number): string {
  const colours = channels === 4 ? 'RGB and alpha (255 where an image has none)' : 'RGB';
  return `nothing says what its images are: taken as ${colours} in ${rangeTitle(SYMMETRIC)}, see ${option('preprocessing')}`;
}

function requireNoOther(
  known: InputRange | undefined,
  asked: InputRange,
  how: 'inputRange' | 'preprocessing',
  name: string,
  network: FloatNetwork,
): void {
  if (known === undefined || isSameRange(known, asked)) return;
  network.dispose();
  throw new UserError(
    `Expected images in ${rangeTitle(known)}, as ${name} says itself, but ${option(how)} is ${rangeTitle(asked)}`,
    { remedy: `Leave ${option(how)} out.` },
  );
}
