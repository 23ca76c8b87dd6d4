import { z } from 'zod';
import { mean, sampleStandardDeviation } from './statistics.ts';

const percent = z.number().min(0).max(100);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A network of one seed in float and in TF8, on the same images. */
const seedFiguresSchema = z.strictObject({
  seed: z.int().min(0),
  /** Images that were scored. */
  images: z.int().min(0),
  /** Of a quantization-aware network, that of the network that it starts from. */
  floatTop1Percent: percent,
  tf8Top1Percent: percent,
  /** Of a quantization-aware network's file. */
  weightsSha256: sha256,
  /** Folder of the network's own record in the folder of the runs, or a public checkpoint's name. */
  record: z.string(),
});

/** In percent; the loss in points of percent. */
const figures = {
  floatTop1Percent: z.number(),
  tf8Top1Percent: z.number(),
  lossPoints: z.number(),
};

/** The way that the others of a table of ways start from. */
export const AS_PUBLISHED_WAY = 'as published';

/** One row of the accuracy table. */
export const accuracyRowSchema = z.strictObject({
  /** "standard", "option-1", … */
  row: z.string(),
  /** What people read. */
  network: z.string(),
  dataset: z.string(),
  /** Images that were scored with one seed. */
  images: z.int().min(0),
  /** Means over the seeds. */
  ...figures,
  /** Sample standard deviations over the seeds; absent for one seed. */
  spread: z.strictObject(figures).exactOptional(),
  perSeed: z.array(seedFiguresSchema).min(1),
  /** In a table that compares the ways to 8 bits of several networks; `network` names both. */
  way: z
    .strictObject({
      /** "MobileNetV2" */
      network: z.string(),
      /** "quantization-aware" */
      name: z.string(),
      /** That the way learns from, as often as it sees them; absent where the time decides. */
      trainingImages: z.int().min(0).exactOptional(),
    })
    .exactOptional(),
  /** The paper's figures for the same kind of network, on ImageNet's validation set. */
  paper: z
    .strictObject({ floatTop1Percent: percent.exactOptional(), tf8Top1Percent: percent })
    .exactOptional(),
  /** How the network was made, in words. */
  recipe: z.string(),
});

export type SeedFigures = Readonly<z.infer<typeof seedFiguresSchema>>;
export type AccuracyRow = Readonly<z.infer<typeof accuracyRowSchema>>;

/** A row from the figures of its seeds, of which there is at least one. */
export function accuracyRow(
  description: Pick<AccuracyRow, 'row' | 'network' | 'dataset' | 'way' | 'paper' | 'recipe'>,
  perSeed: readonly SeedFigures[],
): AccuracyRow {
  const { row, network, dataset, way, paper, recipe } = description;
  const over = (statistic: (values: readonly number[]) => number) => ({
    floatTop1Percent: statistic(perSeed.map((seed) => seed.floatTop1Percent)),
    tf8Top1Percent: statistic(perSeed.map((seed) => seed.tf8Top1Percent)),
    lossPoints: statistic(perSeed.map((seed) => seed.floatTop1Percent - seed.tf8Top1Percent)),
  });
  return {
    row,
    network,
    dataset,
    images: Math.min(...perSeed.map((seed) => seed.images)),
    ...over(mean),
    ...(perSeed.length > 1 && { spread: over(sampleStandardDeviation) }),
    perSeed: [...perSeed],
    ...(way && { way }),
    ...(paper && { paper }),
    recipe,
  };
}
