import type * as tf from '@tensorflow/tfjs';
import { batchNormOf } from '../../architectures/conv_layer.ts';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import { measureBatchNorms } from '../../architectures/measure_batch_norms.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { type TransferReport, transferWeights } from '../../architectures/transfer_weights.ts';
import { FRIENDLY } from '../../architectures/variants.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { InvalidValueError, messageOf, UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { requireSquareRgb } from '../open/model_input.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { option } from '../wording.ts';
import { adoptNetwork } from './adopt_network.ts';
import type { TrainedNetwork } from './trained_network.ts';

/**
 * Opens the model to start from, which must be of the network and the width that are trained.
 * @throws UserError where it is of another; openFloatModel's errors
 */
export async function openSource(
  from: string,
  network: TrainedNetwork,
  context: Context,
): Promise<OpenedFloatModel> {
  const read = await openFloatModel(from, context);
  requireSquareRgb(read);
  const source = asNetwork(read, network, context);
  const { architecture } = source.facts;
  if (architecture === undefined) return source;
  if (architecture.network !== network.network) {
    source.dispose();
    throw new UserError(
      `Expected ${networkNamed(network.network).oneTitle} to start from but ${source.name} is ${networkNamed(architecture.network).oneTitle}`,
      { remedy: `Pass ${option('network', architecture.network)}, or start from another model.` },
    );
  }
  const { widthMultiplier: width = 1 } = architecture;
  const { widthMultiplier: wanted = 1 } = network;
  if (width !== wanted) {
    source.dispose();
    throw new UserError(
      `Expected width multiplier ${width}, that of ${source.name}, but received ${wanted}`,
      { remedy: `Pass ${option('widthMultiplier', width)}, or train from random weights.` },
    );
  }
  const has = squeezesAndExcites(architecture);
  if (!has && squeezesAndExcites(network)) {
    source.dispose();
    throw new UserError(
      `Expected squeeze-and-excite in the model to start from but ${source.name} was trained without it`,
      {
        remedy: `Pass ${option('squeezeExcite', 'off')}, or start from another model.`,
      },
    );
  }
  return source;
}

/** What computes the network that is trained, with our layers' names; another model as it is. */
function asNetwork(
  read: OpenedFloatModel,
  network: TrainedNetwork,
  { reporter }: Context,
): OpenedFloatModel {
  if (read.facts.architecture !== undefined) return read;
  const adopted = adoptNetwork(read, network);
  if (adopted === undefined) return read;
  const { title } = networkNamed(network.network);
  reporter.info(`${read.name}: computes what ${title} does, with its batch norms folded`);
  return adopted;
}

/**
 * Gives the batch norms that a file had folded into its weights statistics of the images that are trained
 * on.
 * @param model with the weights of `source`
 */
export async function unfoldBatchNorms(
  { facts: { foldedBatchNorms } }: OpenedFloatModel,
  model: tf.LayersModel,
  batches: AsyncIterable<LabelledBatch>,
): Promise<void> {
  const present = new Set(model.layers.map(({ name }) => name));
  const names = foldedBatchNorms.map(batchNormOf).filter((name) => present.has(name));
  await measureBatchNorms(model, names, batches);
}

function squeezesAndExcites(network: TrainedNetwork | NetworkConfig): boolean {
  return !('variant' in network) || network.squeezeExcite !== false;
}

/**
 * Sets the start weights; what does not fit is said in the terms of models and variants.
 * @throws UserError where the source is another network, or lacks what the variant needs
 */
export function startFrom(
  source: OpenedFloatModel,
  model: tf.LayersModel,
  {
    network,
    zeroVariance,
  }: { readonly network: TrainedNetwork; readonly zeroVariance: ZeroVariancePolicy },
): TransferReport {
  try {
    return transferWeights(source.layersModel, model, { zeroVariance });
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    if (
      source.facts.architecture !== undefined &&
      'variant' in network &&
      network.variant.depthwiseBatchNorm &&
      lacksDepthwiseBatchNorms(source.layersModel)
    ) {
      const { name } = network.variant;
      throw new UserError(
        `Expected a model with batch norms after its depthwise convolutions, as variant ${name} has them, but ${source.name} has none`,
        {
          remedy: `Start from a model of variant ${name}, or pass another ${option('variant')}: ${variantOf(source)}.`,
          cause: error,
        },
      );
    }
    throw new UserError(
      `Expected ${networkNamed(network.network).oneTitle} like ${model.name} to start from but ${source.name} is another network: ${messageOf(error)}`,
      {
        remedy: `Start from another model, or from random weights without ${option('from')}; what is of another width or network needs ${option('widthMultiplier')} or ${option('network')}.`,
        cause: error,
      },
    );
  }
}

function variantOf({ facts: { architecture } }: OpenedFloatModel): string {
  return architecture && 'variant' in architecture ? architecture.variant.name : FRIENDLY.name;
}

/** The network in another variant, not another network. */
function lacksDepthwiseBatchNorms({ layers }: tf.LayersModel): boolean {
  const names = new Set(layers.map(({ name }) => name));
  const depthwise = layers.filter((layer) => layer.getClassName() === 'DepthwiseConv2D');
  return depthwise.length > 0 && !depthwise.some(({ name }) => names.has(batchNormOf(name)));
}
