import type * as tf from '@tensorflow/tfjs';
import { LAST_FILTERS, type MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { dropFirstOutputs } from '../../architectures/rearchitect/drop_outputs.ts';
import { type ReadChain, readChain } from '../../architectures/rearchitect/read_chain.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/context.ts';
import { UserError } from '../../foundation/errors.ts';
import { datasetOf, type OpenFloatModel, openFloatModel } from '../open/open_model.ts';
import { weightsOf } from '../train/train_card.ts';

/** The widest layer, of LAST_FILTERS filters at width multiplier 1. */
const LAST_POINTWISE = 'Conv2d_13_pointwise';

/** The network that is rebuilt. */
export interface Original extends ReadChain {
  readonly name: string;
  readonly model: tf.LayersModel;
  readonly config: MobileNetV1Config;
  readonly labelOffset: number;
  /** Its output for the background was left out. */
  readonly withoutBackground: boolean;
  /** What its weights are. */
  readonly source: string;
  /** Of its weights, or of the data where they have no card. */
  readonly sha256: string;
  /** Tells its weights from others (`weightsOf`). */
  readonly weights: string;
}

/**
 * Opens the model to rebuild.
 * @param dropBackground leaves out an output before the data set's classes: labels have none
 * @throws UserError where it has another network, variant or classes; RearchitectError where it has no
 *   card and is no standard MobileNetV1
 */
export async function openOriginal(
  { model: reference, dataset }: { readonly model: string; readonly dataset: Dataset },
  dropBackground: boolean,
  context: Context,
): Promise<Original> {
  const opened = await openFloatModel(reference, context);
  try {
    const config = configOf(opened);
    const labelOffset = labelOffsetOf(opened, config, dataset);
    const { card, name } = opened;
    const whole = {
      ...readChain(opened.model, config),
      name,
      model: opened.model,
      config,
      labelOffset,
      withoutBackground: false,
      source: card?.origin.source ?? name,
      sha256: card?.weightsSha256 ?? dataset.fingerprint,
      weights: weightsOf(opened),
    };
    if (labelOffset === 0 || !dropBackground) return whole;
    context.reporter.info(
      `${name} has an output for the background, which the labels of ${dataset.name} know nothing of: it is left out`,
    );
    const without = withoutBackground(whole);
    opened.model.dispose();
    return without;
  } catch (error) {
    opened.model.dispose();
    throw error;
  }
}

/** Name of the data set that a model was trained for. */
export async function modelDataset(reference: string, context: Context): Promise<string> {
  const opened = await openFloatModel(reference, context);
  opened.model.dispose();
  return datasetOf(opened);
}

/** Stores the original as the retraining is taught by it. */
export async function saveTeacher(
  { model, config, labelOffset, source, sha256 }: Original,
  { name, classNames }: Dataset,
  dir: string,
): Promise<void> {
  await saveModelFolder(
    model,
    {
      architecture: { network: 'mobilenet_v1', ...config, variant: config.variant.name },
      dataset: name,
      classNames: [...classNames],
      labelOffset,
      origin: { source: `${source} without its background`, route: 'tf8 rearchitect', sha256 },
    },
    dir,
  );
}

function withoutBackground(original: Original): Original {
  const { model, config, labelOffset } = original;
  const fewer = { ...config, classes: config.classes - labelOffset };
  const dropped = dropFirstOutputs(model, config, labelOffset);
  return {
    ...original,
    ...readChain(dropped, fewer),
    model: dropped,
    config: fewer,
    labelOffset: 0,
    withoutBackground: true,
  };
}

/** From the card; a model without one is told by its shapes. */
function configOf({ name, model, card }: OpenFloatModel): MobileNetV1Config {
  const remedy =
    'Pass a public checkpoint (mobilenet_v1_1.0_224), or a model that "tf8 train --variant standard" made.';
  const architecture = card?.architecture;
  if (architecture === undefined) {
    const [, resolution] = model.inputs[0].shape;
    if (!resolution) {
      throw new UserError(
        `Expected a MobileNetV1 of one resolution but ${name} reads images of [${model.inputs[0].shape.slice(1).map((size) => size ?? 'any')}]`,
        { remedy },
      );
    }
    const filters = model.layers.find((layer) => layer.name === LAST_POINTWISE)?.outputShape.at(-1);
    if (typeof filters !== 'number') {
      throw new UserError(
        `Expected a MobileNetV1 but ${name} is another network: it has no layer ${LAST_POINTWISE}`,
        { remedy },
      );
    }
    return {
      variant: STANDARD,
      widthMultiplier: filters / LAST_FILTERS,
      resolution,
      classes: model.outputs[0].shape.at(-1)!,
    };
  }
  if (architecture.network !== 'mobilenet_v1') {
    throw new UserError(`Expected a MobileNetV1 but ${name} is ${architecture.network}`, {
      remedy,
    });
  }
  if (architecture.variant !== STANDARD.name) {
    throw new UserError(
      `Expected a MobileNetV1 of variant ${STANDARD.name} but ${name} is ${architecture.variant}`,
      { remedy },
    );
  }
  const { widthMultiplier, resolution, classes } = architecture;
  return { variant: STANDARD, widthMultiplier, resolution, classes };
}

/** Outputs before the data set's classes: 1 where there is a background. */
function labelOffsetOf(
  { name, card }: OpenFloatModel,
  { classes }: MobileNetV1Config,
  dataset: Dataset,
): number {
  const labelOffset = card?.labelOffset ?? classes - dataset.classNames.length;
  const fits =
    (card === undefined || card.dataset === dataset.name) &&
    classes - labelOffset === dataset.classNames.length &&
    (labelOffset === 0 || labelOffset === 1);
  if (fits) return labelOffset;
  const own =
    card === undefined
      ? `${classes} outputs`
      : `the ${classes - labelOffset} classes of ${card.dataset}`;
  throw new UserError(
    `Expected a model of the ${dataset.classNames.length} classes of ${dataset.name} but ${name} has ${own}`,
    {
      remedy: `Pass the data set that the model was trained for${card === undefined ? '' : ` (--dataset ${card.dataset})`}, or first train it on ${dataset.name}: tf8 train --variant standard --from ${name} --dataset ${dataset.name}.`,
    },
  );
}
