import type * as tf from '@tensorflow/tfjs';
import { LAST_FILTERS, type MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { dropFirstOutputs } from '../../architectures/rearchitect/drop_outputs.ts';
import { type ReadChain, readChain } from '../../architectures/rearchitect/read_chain.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { labelOffsetOn, weightsOf } from '../open/model_facts.ts';
import { requireSymmetric } from '../open/model_input.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { call, option } from '../wording.ts';

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
  { model: reference, dataset }: { readonly model: string; readonly dataset: LabelledDataset },
  dropBackground: boolean,
  context: Context,
): Promise<Original> {
  const opened = await openFloatModel(reference, context);
  requireSymmetric(opened);
  try {
    const config = configOf(opened);
    const labelOffset = labelOffsetOf(opened, dataset);
    const { facts, name } = opened;
    const whole = {
      ...readChain(opened.layersModel, config),
      name,
      model: opened.layersModel,
      config,
      labelOffset,
      withoutBackground: false,
      source: facts.origin.source,
      sha256: facts.origin.weightsSha256 ?? dataset.fingerprint,
      weights: weightsOf(opened),
    };
    if (labelOffset === 0 || !dropBackground) return whole;
    context.reporter.info(
      `${name} has an output for the background, which the labels of ${dataset.name} know nothing of: it is left out`,
    );
    const without = withoutBackground(whole);
    opened.dispose();
    return without;
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** What is known of a model. */
export async function namedFacts(
  reference: string,
  context: Context,
): Promise<Pick<OpenedFloatModel, 'name' | 'facts'>> {
  const opened = await openFloatModel(reference, context);
  const { name, facts } = opened;
  opened.dispose();
  return { name, facts };
}

/** Stores the original as the retraining is taught by it. */
export async function saveTeacher(
  { model, config, labelOffset, source, sha256 }: Original,
  { name, classNames }: LabelledDataset,
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

/** A model that was not recognized is known by its shapes. */
function configOf({ name, layersModel, facts }: OpenedFloatModel): MobileNetV1Config {
  const remedy = `Pass a public checkpoint (mobilenet_v1_1.0_224), or a model that ${call('train', { variant: 'standard' })} made.`;
  const { architecture, input, outputs } = facts;
  if (architecture === undefined) {
    const [resolution] = input.shape;
    if (!resolution) {
      throw new UserError(
        `Expected a MobileNetV1 of one resolution but ${name} reads images of [${input.shape.map((size) => size ?? 'any')}]`,
        { remedy },
      );
    }
    const filters = layersModel.layers
      .find((layer) => layer.name === LAST_POINTWISE)
      ?.outputShape.at(-1);
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
      classes: outputs,
    };
  }
  if (architecture.network !== 'mobilenet_v1') {
    throw new UserError(`Expected a MobileNetV1 but ${name} is ${architecture.network}`, {
      remedy,
    });
  }
  if (architecture.variant.name !== STANDARD.name) {
    throw new UserError(
      `Expected a MobileNetV1 of variant ${STANDARD.name} but ${name} is ${architecture.variant.name}`,
      { remedy },
    );
  }
  const { widthMultiplier, resolution, classes } = architecture;
  return { variant: STANDARD, widthMultiplier, resolution, classes };
}

/** Outputs before the data set's classes: 1 where there is a background. */
function labelOffsetOf({ name, facts }: OpenedFloatModel, dataset: LabelledDataset): number {
  const { dataset: own, outputs, labels } = facts;
  const labelOffset = labelOffsetOn(facts, dataset);
  if (labelOffset !== undefined && (own ?? dataset.name) === dataset.name) return labelOffset;
  const received =
    own === undefined
      ? `${outputs} outputs`
      : `the ${outputs - labels.labelOffset} classes of ${own}`;
  throw new UserError(
    `Expected a model of the ${dataset.classNames.length} classes of ${dataset.name} but ${name} has ${received}`,
    {
      remedy: `Pass the data set that the model was trained for${own === undefined ? '' : ` (${option('dataset', own)})`}, or first train it on ${dataset.name}: ${call('train', { variant: 'standard', from: name, dataset: dataset.name })}.`,
    },
  );
}
