import type * as tf from '@tensorflow/tfjs';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import { type TransferReport, transferWeights } from '../../architectures/transfer_weights.ts';
import { FRIENDLY, type Variant } from '../../architectures/variants.ts';
import { messageOf, UserError } from '../../checkpoints/artifacts/errors.ts';
import type { Context } from '../context.ts';
import { type OpenFloatModel, openFloatModel } from './open_model.ts';

/**
 * Opens the model to start from, which must have the width that is trained.
 * @throws UserError where it has another; openFloatModel's errors
 */
export async function openSource(
  from: string,
  widthMultiplier: number,
  context: Context,
): Promise<OpenFloatModel> {
  const source = await openFloatModel(from, context);
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

/**
 * Sets the start weights; what does not fit is said in the terms of models and variants.
 * @throws UserError where the source is another network, or lacks what the variant needs
 */
export function startFrom(
  source: OpenFloatModel,
  model: tf.LayersModel,
  {
    variant,
    zeroVariance,
  }: { readonly variant: Variant; readonly zeroVariance: ZeroVariancePolicy },
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
