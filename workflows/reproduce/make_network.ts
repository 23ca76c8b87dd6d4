import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { networkNamed } from '../../architectures/registry.ts';
import { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { rearchitect } from '../rearchitect/rearchitect.ts';
import { trainQuantizationAware } from '../train/quantization_aware.ts';
import { type RunOptions, trainJob } from '../train/train.ts';
import type { NetworkPlan } from './network_plan.ts';
import { familyOf } from './plan_shape.ts';
import { PAPERS_NETWORK } from './row_titles.ts';

/** What is made, with the MODEL that it starts from where that is made too. */
export type NetworkToMake =
  | Extract<NetworkPlan, { kind: 'trained' }>
  | (Extract<NetworkPlan, { kind: 'rearchitected' | 'quantization-aware' }> & {
      readonly model: string;
    });

/** Where networks of a table come from and go to. */
export interface Making {
  readonly dataset: LabelledDataset;
  /** Folder of the network. */
  readonly out: string;
}

export interface MadeSummary {
  /** Of the float network; of its file for a TF8 one. */
  readonly weightsSha256: string;
  /** What there is to tell of the making, without times. */
  readonly summary: object;
}

/** How far a training is is stored so often. */
const RUN: RunOptions = { resume: 'quietly', checkpointSeconds: 60 };

/**
 * Makes a network, or goes on with what was begun in its folder. After Ctrl-C it is not whole, but can
 * be gone on with.
 * @throws what `trainJob`, `rearchitect` and `trainQuantizationAware` throw
 */
export async function makeNetwork(
  network: NetworkToMake,
  making: Making,
  context: Context,
): Promise<MadeSummary> {
  await dropDamagedCheckpoints(making.out, context);
  switch (network.kind) {
    case 'trained':
      return train(network, making, context);
    case 'rearchitected':
      return rearchitectOriginal(network, making, context);
    case 'quantization-aware':
      return trainInIntegers(network, making, context);
  }
}

/** "training MobileNetV2 standard, seed 0": the network is named unless it is the paper's. */
function labelOf(plan: NetworkToMake): string {
  const family = familyOf(plan);
  const isNamed = family !== PAPERS_NETWORK && plan.name !== 'inception-v3';
  return `training ${isNamed ? `${networkNamed(family).title} ` : ''}${plan.name}, seed ${plan.seed}`;
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
      label: labelOf(plan),
      run: RUN,
    },
    context,
  );
  const { epochs, imagesPerEpoch: images, steps, skipped } = training;
  const { weightsSha256 } = card;
  return { weightsSha256, summary: { epochs, imagesPerEpoch: images, steps, skipped } };
}

async function rearchitectOriginal(
  plan: Extract<NetworkToMake, { kind: 'rearchitected' }>,
  { dataset, out }: Making,
  context: Context,
): Promise<MadeSummary> {
  const { model, variant, images, retrain, seed } = plan;
  const { card, reconstruction, training, warnings } = await rearchitect(
    {
      model,
      variant,
      dataset,
      images,
      ...(retrain && {
        retrain: {
          recipe: retrain.recipe,
          ...(retrain.imagesPerEpoch !== undefined && { limit: retrain.imagesPerEpoch }),
          distill: true,
          label: labelOf(plan),
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
    weightsSha256: card.weightsSha256,
    summary: {
      reconstruction: withoutTime,
      ...(training && {
        training: { epochs: training.epochs, steps: training.steps, skipped: training.skipped },
      }),
      warnings,
    },
  };
}

async function trainInIntegers(
  plan: Extract<NetworkToMake, { kind: 'quantization-aware' }>,
  { dataset, out }: Making,
  context: Context,
): Promise<MadeSummary> {
  const { model, recipe, imagesPerEpoch, calibrationImages, seed } = plan;
  const { resume, checkpointSeconds } = RUN;
  const { tf8, training, quantization } = await trainQuantizationAware(
    {
      model,
      dataset,
      recipe,
      limit: imagesPerEpoch,
      validationImages: 0,
      calibrationImages,
      seed,
      out,
      label: labelOf(plan),
      resume,
      checkpointSeconds,
    },
    context,
  );
  const { epochs, imagesPerEpoch: images, steps, skipped } = training;
  const { recipe: start, ...rules } = quantization;
  return {
    weightsSha256: await sha256OfFile(tf8),
    summary: {
      epochs,
      imagesPerEpoch: images,
      steps,
      skipped,
      quantization: { recipe: start.name, ...rules },
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
