import type * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_model.ts';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import { type TransferReport, transferWeights } from '../../architectures/transfer_weights.ts';
import { FRIENDLY, type Variant } from '../../architectures/variants.ts';
import { messageOf, UserError } from '../../checkpoints/artifacts/errors.ts';
import { makeWritableFolder } from '../../checkpoints/artifacts/writable_folder.ts';
import type { ModelCard } from '../../checkpoints/model_card.ts';
import { saveModelFolder } from '../../checkpoints/model_store.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { requireTensorFlow } from '../../training/backend.ts';
import type { Recipe } from '../../training/recipe.ts';
import { type TrainResult, train } from '../../training/train.ts';
import type { Context } from '../context.ts';
import { type OpenFloatModel, openFloatModel } from './open_model.ts';

export interface TrainJobOptions {
  readonly variant: Variant;
  /** Name or path of the model to start from; random weights without it. */
  readonly from?: string | undefined;
  /** For depthwise batch norms that are folded into the start weights. */
  readonly zeroVariance: ZeroVariancePolicy;
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly widthMultiplier: number;
  readonly resolution: number;
  readonly limit?: number | undefined;
  readonly seed: number;
  /** Folder of the trained model. */
  readonly out: string;
}

export interface TrainJobResult {
  readonly out: string;
  readonly card: ModelCard;
  readonly training: TrainResult;
  /** What became of the start weights; absent when training from random weights. */
  readonly start?: TransferReport;
}

/**
 * Builds a variant, starts it from a trained model or from random weights, trains it and stores it.
 * After Ctrl-C the weights reached so far are stored.
 * @throws UserError before anything is loaded where `out` cannot be written, and where the model to
 *   start from does not fit the variant
 */
export async function trainJob(
  options: TrainJobOptions,
  context: Context,
): Promise<TrainJobResult> {
  const { variant, dataset, recipe, widthMultiplier, resolution, seed, out } = options;
  await requireTensorFlow('Training');
  await makeWritableFolder(out);
  const source = options.from === undefined ? undefined : await openSource(options, context);
  const classes = dataset.classNames.length;
  let model: tf.LayersModel | undefined;
  try {
    model = buildMobileNetV1(
      { variant, widthMultiplier, resolution, classes },
      {
        dropout: recipe.dropout,
        batchNormDecay: recipe.batchNormDecay,
        logitsStddev: recipe.logitsStddev,
        seed,
      },
    );
    const start = source && startFrom(source, model, options);
    const training = await train(model, {
      dataset,
      recipe,
      regularizeDepthwise: variant.regularizeDepthwise,
      resolution,
      limit: options.limit,
      seed,
      reporter: context.reporter,
      signal: context.signal,
    });
    const { epochs, steps, imagesPerEpoch } = training;
    const origin = source?.card?.origin;
    const card = await saveModelFolder(
      model,
      {
        architecture: {
          network: 'mobilenet_v1',
          variant: variant.name,
          widthMultiplier,
          resolution,
          classes,
        },
        dataset: dataset.name,
        classNames: [...dataset.classNames],
        labelOffset: 0,
        origin: {
          source: `${variant.name} trained on ${dataset.name} from ${origin?.source ?? options.from ?? 'random weights'}`,
          route: 'tf8 train',
          sha256: source?.card?.weightsSha256 ?? dataset.fingerprint,
        },
        training: {
          recipe: structuredClone(recipe) as unknown as Record<string, never>,
          images: imagesPerEpoch,
          dataSha256: dataset.fingerprint,
          seed,
          steps,
          epochs: epochs.map((epoch) => ({ ...epoch })),
        },
      },
      out,
    );
    return { out, card, training, ...(start && { start }) };
  } finally {
    source?.model.dispose();
    model?.dispose();
  }
}

/** The model to start from, which must have the width that is trained. */
async function openSource(
  { from, widthMultiplier }: TrainJobOptions,
  context: Context,
): Promise<OpenFloatModel> {
  const source = await openFloatModel(from!, context);
  const width = source.card?.architecture.widthMultiplier ?? widthMultiplier;
  if (width !== widthMultiplier) {
    source.model.dispose();
    throw new UserError(
      `Expected width multiplier ${width}, that of ${source.name}, but received ${widthMultiplier}`,
      { remedy: `Pass --width-multiplier ${width}, or train from random weights.` },
    );
  }
  return source;
}

/** Sets the start weights; what does not fit is said in the terms of models and variants. */
function startFrom(
  source: OpenFloatModel,
  model: tf.LayersModel,
  { variant, zeroVariance }: TrainJobOptions,
): TransferReport {
  try {
    return transferWeights(source.model, model, { zeroVariance });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (variant.depthwiseBatchNorm && lacksDepthwiseBatchNorms(source.model)) {
      throw new UserError(
        `Expected a model with batch norms after its depthwise convolutions, as variant ${variant.name} has them, but ${source.name} has none`,
        {
          remedy: `Start from a model of variant ${variant.name}, or pass another --variant: ${source.card?.architecture.variant ?? FRIENDLY.name}.`,
          cause: error,
        },
      );
    }
    throw new UserError(
      `Expected a MobileNetV1 like ${model.name} to start from but ${source.name} is another network: ${messageOf(error)}`,
      { remedy: 'Start from another model, or from random weights without --from.', cause: error },
    );
  }
}

/** A MobileNetV1 of another variant, not another network. */
function lacksDepthwiseBatchNorms({ layers }: tf.LayersModel): boolean {
  const some = (ending: string) => layers.some(({ name }) => name.endsWith(ending));
  return some('_depthwise') && !some('_depthwise/BatchNorm');
}
