import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FRIENDLY } from '../../architectures/variants.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { rearchitect } from '../rearchitect/rearchitect.ts';
import { type RunOptions, trainJob } from '../train/train.ts';
import type { NetworkPlan } from './network_plan.ts';

/** What is made, with the MODEL that a re-architecture starts from. */
export type NetworkToMake =
  | Extract<NetworkPlan, { kind: 'trained' }>
  | (Extract<NetworkPlan, { kind: 'rearchitected' }> & { readonly model: string });

/** Where networks of a table come from and go to. */
export interface Making {
  readonly dataset: LabelledDataset;
  /** Folder of the network. */
  readonly out: string;
}

export interface MadeSummary {
  readonly card: ModelCard;
  /** What there is to tell of the making, without times. */
  readonly summary: object;
}

/** How far a training is is stored so often. */
const RUN: RunOptions = { resume: 'quietly', checkpointSeconds: 60 };

/**
 * Makes a network, or goes on with what was begun in its folder. After Ctrl-C it is not whole, but can
 * be gone on with.
 * @throws what `trainJob` and `rearchitect` throw
 */
export async function makeNetwork(
  network: NetworkToMake,
  making: Making,
  context: Context,
): Promise<MadeSummary> {
  await dropDamagedCheckpoints(making.out, context);
  return network.kind === 'trained'
    ? train(network, making, context)
    : rearchitectOriginal(network, making, context);
}

async function train(
  plan: Extract<NetworkToMake, { kind: 'trained' }>,
  { dataset, out }: Making,
  context: Context,
): Promise<MadeSummary> {
  const { network, recipe, imagesPerEpoch, from, seed } = plan;
  const { card, training } = await trainJob(
    {
      network,
      from,
      zeroVariance: 'mean',
      dataset,
      recipe,
      limit: imagesPerEpoch,
      seed,
      out,
      label: `training ${plan.name}, seed ${seed}`,
      run: RUN,
    },
    context,
  );
  const { epochs, imagesPerEpoch: images, steps, skipped } = training;
  return { card, summary: { epochs, imagesPerEpoch: images, steps, skipped } };
}

async function rearchitectOriginal(
  plan: Extract<NetworkToMake, { kind: 'rearchitected' }>,
  { dataset, out }: Making,
  context: Context,
): Promise<MadeSummary> {
  const { model, images, retrain, seed } = plan;
  const { card, reconstruction, training, warnings } = await rearchitect(
    {
      model,
      variant: FRIENDLY,
      dataset,
      images,
      ...(retrain && {
        retrain: {
          recipe: retrain.recipe,
          ...(retrain.imagesPerEpoch !== undefined && { limit: retrain.imagesPerEpoch }),
          distill: true,
          label: `training ${plan.name}, seed ${seed}`,
          run: RUN,
        },
      }),
      seed,
      out,
      quiet: true,
    },
    context,
  );
  const { seconds: _, ...withoutTime } = reconstruction;
  return {
    card,
    summary: {
      reconstruction: withoutTime,
      ...(training && {
        training: { epochs: training.epochs, steps: training.steps, skipped: training.skipped },
      }),
      warnings,
    },
  };
}

/** Where a network's training, if it has one, keeps how far it is. */
export function checkpointsOf(out: string): string {
  return join(out, 'checkpoints');
}

/** A training whose checkpoints are all damaged begins anew. */
async function dropDamagedCheckpoints(out: string, { reporter }: Context): Promise<void> {
  const dir = checkpointsOf(out);
  if (!existsSync(dir)) return;
  const folder = await CheckpointFolder.open({ dir, reporter });
  try {
    await folder.latest();
  } catch (error) {
    // Trouble with reading, which may pass, has a cause: damage has none.
    if (!(error instanceof UserError) || error.cause !== undefined) throw error;
    reporter.warn(`${error.message}: the training begins anew`);
    // The lock lies in it: no other process trains here.
    await rm(dir, { recursive: true });
  } finally {
    await folder.close();
  }
}
