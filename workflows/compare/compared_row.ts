import type { ComparedFigures, ComparedRow } from '../records/comparison_record.ts';
import { mean, sampleStandardDeviation } from '../records/statistics.ts';
import type { ContestantMeter } from './contestant.ts';

const FIGURES = ['top1', 'top5', 'agreement', 'sqnrDb'] as const;

/** One row: means over the subsets and, for several, their sample standard deviations. */
export function comparedRow(
  meters: readonly Pick<ContestantMeter, 'figures'>[],
  description: Pick<ComparedRow, 'recipe' | 'calibrationImages' | 'knobs'>,
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
    ...(perSubset.length > 1 && { spread: spreadOf(over(sampleStandardDeviation)) }),
    perSubset,
  };
}

/** Without a figure where a subset's is infinite. */
function spreadOf(deviations: Omit<ComparedFigures, 'images'>): NonNullable<ComparedRow['spread']> {
  const { sqnrDb } = deviations;
  return { ...deviations, sqnrDb: Number.isFinite(sqnrDb) ? sqnrDb : null };
}
