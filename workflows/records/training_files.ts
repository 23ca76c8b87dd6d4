import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What is written into the folder of a training while it goes on. */
export const WATCHED = {
  metrics: 'metrics.jsonl',
  tensorBoard: 'tensorboard',
  curve: 'training_curve.svg',
} as const;

/** Whether a folder is that of a training. */
export function isTraining(dir: string): boolean {
  return existsSync(join(dir, WATCHED.metrics));
}
