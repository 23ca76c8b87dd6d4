import { basename, resolve } from 'node:path';
import type { Context } from '../../foundation/reporting/context.ts';
import { trainingCurve } from '../charts/training_curve.ts';
import type { TrainingRecord } from '../records/training_record.ts';
import { settingsSection } from './sections/settings_section.ts';
import { trainingHeadline, trainingSection } from './sections/training_section.ts';
import { type WrittenReport, writeContent } from './write_content.ts';

/**
 * Writes the page of a training, with its curve, into its folder; also while it goes on.
 * @throws what `writeContent` throws
 */
export async function writeTrainingReport(
  record: TrainingRecord,
  context: Pick<Context, 'reporter' | 'signal'>,
  overwrite = false,
): Promise<WrittenReport> {
  const { dir, metrics, card } = record;
  const title = card?.origin.source ?? basename(resolve(dir));
  const settings = settingsSection(record);
  const sections =
    metrics.steps.length === 0
      ? [settings]
      : [await trainingSection(metrics, trainingCurve(metrics, { title })), settings];
  const content = {
    title,
    headline: trainingHeadline(metrics),
    sections,
    missing:
      card === undefined
        ? [
            {
              title: 'Network, data and recipe',
              reason: 'the training has not stored its network yet.',
            },
          ]
        : [],
    layers: undefined,
  };
  return writeContent(content, dir, context, overwrite);
}
