/** What a training writes into its folder beside its models, and how it is recognized. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stepOfName } from '../../checkpoints/training_checkpoint/checkpoint_name.ts';

/** Folder of the checkpoints. */
export const CHECKPOINTS = 'checkpoints';

/** The network of a quantization-aware training. */
export const TRAINED_TF8 = 'model.tf8';

/** What is written while it is watched. */
export const WATCHED = {
  metrics: 'metrics.jsonl',
  tensorBoard: 'tensorboard',
  curve: 'training_curve.svg',
} as const;

/** Whether a folder is that of a training. */
export function isTraining(dir: string): boolean {
  return existsSync(join(dir, WATCHED.metrics));
}

/** Whether the folder `dir` holds checkpoints of a training: they say whose its models are. */
export async function holdsCheckpoints(dir: string): Promise<boolean> {
  const names = await readdir(join(dir, CHECKPOINTS)).catch(() => []);
  return names.some((name) => stepOfName(name) !== undefined);
}

/** Whether the metrics in the folder `dir` are those of a training, which may have ended before its first step. */
export async function holdsMetrics(dir: string): Promise<boolean> {
  const text = await readFile(join(dir, WATCHED.metrics), 'utf8').catch(() => undefined);
  if (text === undefined || text === '') return text === '';
  // With what parses them: most commands ask of folders that hold none.
  const { parseMetricLines } = await import('../../training/watch/metric_lines.ts');
  return parseMetricLines(text).lines.length > 0;
}
