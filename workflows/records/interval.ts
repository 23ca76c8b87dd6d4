import type { ComparedFigures, ComparedRow } from './comparison_record.ts';
import { mean, sampleStandardDeviation } from './statistics.ts';

/** Standard errors on either side of a mean that hold 95 % of a normal distribution. */
const OF_95_PERCENT = 1.96;

/**
 * How far means over subsets of calibration images may be from what more images of both kinds would say. The
 * variance of a mean is that of the share of n images, and s² / K over K subsets, which share their images:
 * an upper bound.
 * @param subsets what is found of the network of each
 */
export function intervalOf(subsets: readonly ComparedFigures[]): ComparedRow['interval'] {
  const images = Math.min(...subsets.map((figures) => figures.images));
  const half = (
    ofSubset: (figures: ComparedFigures) => number | null,
    varianceOfImage: (mean: number) => number,
  ): number | null => {
    const values = subsets.map(ofSubset).filter((value) => value !== null);
    if (values.length < subsets.length) return null;
    const between = values.length > 1 ? sampleStandardDeviation(values) ** 2 / values.length : 0;
    return OF_95_PERCENT * Math.sqrt(varianceOfImage(mean(values)) / images + between);
  };
  const ofShare = (percent: number) => percent * (100 - percent);
  const changed = mean(
    subsets.map((figures) => {
      const { onlyFloatRight, onlyTf8Right } = figures;
      return ((onlyFloatRight ?? 0) + (onlyTf8Right ?? 0)) / figures.images;
    }),
  );
  return {
    top1: half(({ top1 }) => top1, ofShare),
    // Each image changes by −1, 0 or 1: 10⁴ · (E[d²] − E[d]²) in points.
    loss: half(lossOf, (loss) => Math.max(0, 1e4 * changed - loss ** 2)),
    agreement: half(({ agreement }) => agreement, ofShare),
  };
}

/** Points of top-1 that float is better by, on the same images. */
export function lossOf({ images, onlyFloatRight, onlyTf8Right }: ComparedFigures): number | null {
  if (onlyFloatRight === null || onlyTf8Right === null) return null;
  return (100 * (onlyFloatRight - onlyTf8Right)) / images;
}
