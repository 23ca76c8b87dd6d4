import type { Dataset, LabelledDataset } from '../../datasets/dataset.ts';
import { findClassLayout } from '../../datasets/folder/class_layout.ts';
import { inClassOrder } from '../../datasets/in_class_order.ts';
import { isLabelled, withLabels } from '../../datasets/labels.ts';
import { MissingFolderError } from '../../datasets/missing_folder.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { recognizeDataset } from '../../datasets/recognize_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type OptionName, option } from '../wording.ts';
import { DEFAULT_DATASET, labelOffsetOn, type ModelFacts } from './model_facts.ts';
import { needsFolder } from './needs_folder.ts';

/** Whose images are opened. */
interface NamedModel {
  /** What messages call it. */
  readonly name: string;
  readonly facts: Pick<ModelFacts, 'dataset' | 'labels' | 'outputs'>;
}

/** What is asked of the images of a model. */
export interface DataRequest {
  /** Name of the data set; what the model's own, or the folder, says unless given. */
  readonly dataset: string | undefined;
  readonly dir: string | undefined;
  /** The option that `dir` is the value of, such as `data`. */
  readonly option: OptionName;
}

/**
 * Opens a data set whose images have classes.
 * @param dataset what lies in `dir` is recognized unless given
 * @param dir the value of the option `name`, such as `data`
 * @throws UserError that names the option where the data set needs a folder; openDataset's and
 *   withLabels' errors
 */
export async function openData(
  dataset: string | undefined,
  dir: string | undefined,
  name: OptionName,
  context: Context,
): Promise<LabelledDataset> {
  const opened = await openAny(dataset, dir, name, context);
  return withLabels(opened, `for ${option(name)}`);
}

/**
 * Opens the images that a model is measured on, with its classes. Where their folders name their classes,
 * these are the model's, in any order.
 * @throws UserError where they have none, or others; `openData`'s errors
 */
export async function openModelData(
  model: NamedModel,
  request: DataRequest,
  context: Context,
): Promise<LabelledDataset> {
  const { dataset, dir } = request;
  const own = model.facts.dataset;
  // A model of a published data set is measured on it, whatever the folder looks like.
  const isOwn = own === undefined || own === 'folder';
  const name = dataset ?? (isOwn ? await nameOf(own, dir) : own);
  const opened = await openData(name, dir, request.option, context);
  return withModelClasses(opened, model, context);
}

/**
 * Opens images for a model, with classes or without: of the data set that was asked for, or what lies in
 * the folder, or else the model's own data set.
 * @param own the model's data set; undefined where unknown
 * @throws UserError as `openData`, except for images without classes
 */
export async function openImages(
  own: string | undefined,
  request: DataRequest,
  context: Context,
): Promise<Dataset> {
  const { dataset, dir } = request;
  const name = dataset ?? (await nameOf(own, dir));
  return openAny(name, dir, request.option, context);
}

export interface ModelImages {
  readonly dataset: Dataset;
  /** The output of class 0; undefined where the images have no classes, or others than the model. */
  readonly labelOffset: number | undefined;
}

/**
 * Opens images for a model, with its classes where they have them: as `openModelData` where accuracy can
 * be measured, else as `openImages`.
 * @throws UserError as `openImages`
 */
export async function openModelImages(
  model: NamedModel,
  request: DataRequest,
  context: Context,
): Promise<ModelImages> {
  const dataset = await openImages(model.facts.dataset, request, context);
  const labelled = isLabelled(dataset) ? inModelOrder(dataset, model, context) : undefined;
  const labelOffset = labelled && labelOffsetOn(model.facts, labelled);
  return labelOffset === undefined
    ? { dataset, labelOffset: undefined }
    : { dataset: labelled!, labelOffset };
}

/** With the model's classes in their order; undefined where it knows others. */
function inModelOrder(
  dataset: LabelledDataset,
  model: NamedModel,
  context: Context,
): LabelledDataset | undefined {
  try {
    return withModelClasses(dataset, model, context);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** The data set that lies in `dir`; a model's own without it. */
async function nameOf(own: string | undefined, dir: string | undefined): Promise<string> {
  if (dir === undefined) return own ?? DEFAULT_DATASET;
  // Own classes may be named like ImageNet's.
  if (own === 'folder' && (await hasClassFolders(dir))) return own;
  return recognizeDataset(dir);
}

async function hasClassFolders(dir: string): Promise<boolean> {
  // The reader says what is no folder.
  return (await findClassLayout(dir).catch(() => undefined)) !== undefined;
}

/** Where a folder names the classes they are a model's, if it says what its own are. */
function withModelClasses(
  dataset: LabelledDataset,
  { name, facts: { dataset: own, labels } }: NamedModel,
  { reporter }: Context,
): LabelledDataset {
  const isNamed = dataset.name === 'folder' || own === 'folder';
  if (!isNamed || !labels.known || labels.classNames.length === 0) return dataset;
  return inClassOrder(dataset, labels.classNames, name, reporter);
}

async function openAny(
  dataset: string | undefined,
  dir: string | undefined,
  name: OptionName,
  context: Context,
): Promise<Dataset> {
  try {
    return await openDataset(dataset, { ...context, ...(dir !== undefined && { dir }) });
  } catch (error) {
    throw error instanceof MissingFolderError ? needsFolder(error, name) : error;
  }
}
