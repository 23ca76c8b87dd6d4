import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ModelCard, modelCardSchema } from '../../checkpoints/store/model_card.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { type Metrics, readMetrics } from '../../training/watch/metrics_file.ts';
import { WATCHED } from '../outputs/training_files.ts';

const MODEL_JSON = 'model.json';

/** What a training leaves in its folder. */
export interface TrainingRecord {
  readonly dir: string;
  readonly metrics: Metrics;
  /** Of the network; undefined until the training has ended, or was interrupted. */
  readonly card: ModelCard | undefined;
}

const modelJsonSchema = z.looseObject({
  userDefinedMetadata: z.looseObject({ tf8: modelCardSchema }),
});

/**
 * What the training in a folder has measured, and of what it was.
 * @throws UserError where there is none, or a file of it is damaged
 */
export async function readTraining(dir: string): Promise<TrainingRecord> {
  const metrics = await readMetrics(join(dir, WATCHED.metrics));
  if (metrics.steps.length === 0 && metrics.epochs.length === 0) {
    throw new UserError(`Expected metrics of a training in ${dir} but it has not made a step yet`, {
      remedy: 'Wait for its first steps.',
    });
  }
  return { dir, metrics, card: await readCard(join(dir, MODEL_JSON)) };
}

/** Undefined where there is no model yet. */
async function readCard(path: string): Promise<ModelCard | undefined> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw damaged(path, messageOf(error));
  }
  const parsed = modelJsonSchema.safeParse(json);
  if (!parsed.success) throw damaged(path, firstIssue(parsed.error));
  return parsed.data.userDefinedMetadata.tf8;
}

function damaged(path: string, reason: string): UserError {
  return new UserError(`Expected the network of a training in ${path} but: ${reason}`, {
    remedy: 'Give the folder of a training, or train again.',
  });
}
