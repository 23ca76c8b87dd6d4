import type { ComparedFigures, ComparedRow } from '../records/comparison_record.ts';
import { intervalOf } from '../records/interval.ts';
import { mean, sampleStandardDeviation } from '../records/statistics.ts';
import type { ContestantMeter } from './contestant.ts';

const FIGURES = ['top1', 'top5', 'agreement', 'sqnrDb'] as const;

/** One row: means over the subsets and, for several, their sample standard deviations. */
export function comparedRow(
  meters: readonly Pick<ContestantMeter, 'figures'>[],
  description: Pick<ComparedRow, 'recipe' | 'profile' | 'calibrationImages' | 'knobs'>,
): ComparedRow {
  const perSubset = meters.map((meter) => meter.figures());
  const over = (statistic: (values: readonly number[]) => number) =>
    Object.fromEntries(
      FIGURES.map((name) => {
        const values = perSubset.map((figures) => figures[name]).filter((value) => value !== null);
        return [name, values.length === 0 ? null : statistic(values)];
      }),
    ) as Pick<ComparedFigures, (typeof FIGURES)[number]>;
  return {
    ...description,
    images: Math.min(...perSubset.map(({ images }) => images)),
    ...over(mean),
    ...outputsOf(perSubset),
    ...(perSubset.length > 1 && { spread: spreadOf(over(sampleStandardDeviation)) }),
    interval: intervalOf(perSubset),
    perSubset,
  };
}

/** Means over the subsets for each of several outputs. */
function outputsOf(perSubset: readonly ComparedFigures[]): Pick<ComparedFigures, 'outputs'> {
  const { outputs } = perSubset[0];
  if (outputs === undefined) return {};
  return {
    outputs: outputs.map(({ name, agreement }, at) => {
      const each = perSubset.flatMap((figures) => figures.outputs?.[at] ?? []);
      return {
        name,
        agreement: agreement === null ? null : mean(each.map((output) => output.agreement ?? 0)),
        sqnrDb: mean(each.map(({ sqnrDb }) => sqnrDb)),
      };
    }),
  };
}

/** Without a figure where a subset's is infinite. */
function spreadOf(
  deviations: Pick<ComparedFigures, (typeof FIGURES)[number]>,
): NonNullable<ComparedRow['spread']> {
  const { sqnrDb } = deviations;
  return { ...deviations, sqnrDb: Number.isFinite(sqnrDb) ? sqnrDb : null };
}
