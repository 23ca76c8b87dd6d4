import { z } from 'zod';
import { RecipeSchema } from '../../quantize/convert/recipe_schema.ts';
import { ROUNDINGS } from '../../quantize/params/roundings.ts';
import { decibels } from './analysis_record.ts';
import { environmentSchema } from './environment.ts';

const percent = z.number().min(0).max(100);
const count = z.int().min(0);

const outputSchema = z.strictObject({
  name: z.string(),
  agreement: percent.nullable(),
  sqnrDb: decibels,
});

const figures = {
  /** That were measured. */
  images: z.int().min(1),
  /** In percent; null where the images have no classes of the network. */
  top1: percent.nullable(),
  top5: percent.nullable(),
  /** Images whose first class is that of the float network, in percent; null where no output has classes. */
  agreement: percent.nullable(),
  /** Of the outputs, the mean over the images; of several, the mean of those that lose something. */
  sqnrDb: decibels,
  /** Of each output, in the network's order; absent for one. */
  outputs: z.array(outputSchema).min(2).exactOptional(),
};

/** What is found of one network on some images. */
export const comparedFigures = {
  ...figures,
  /** Images that are right in float alone, and in TF8 alone; null as `top1`. */
  onlyFloatRight: count.nullable(),
  onlyTf8Right: count.nullable(),
};

const spread = z.strictObject({
  top1: z.number().min(0).nullable(),
  top5: z.number().min(0).nullable(),
  agreement: z.number().min(0).nullable(),
  /** null where a subset loses nothing. */
  sqnrDb: z.number().min(0).nullable(),
});

/** Points on either side, 95 %: chance in which images are measured, and in which calibrate. */
const interval = z.strictObject({
  top1: z.number().min(0).nullable(),
  /** Of the difference from float, on the same images. */
  loss: z.number().min(0).nullable(),
  agreement: z.number().min(0).nullable(),
});

const rowSchema = z.strictObject({
  /** "float", or the recipe's name. */
  recipe: z.string(),
  /** The rule of requantization; absent where no rules were compared, and for the float network. */
  profile: z.enum(ROUNDINGS).exactOptional(),
  /** Absent for the float network. */
  calibrationImages: count.exactOptional(),
  /** Means over the subsets. */
  ...figures,
  /** Sample standard deviations over the subsets; absent for one. */
  spread: spread.exactOptional(),
  interval,
  perSubset: z.array(z.strictObject(comparedFigures)).min(1),
  /** All of the recipe; absent for the float network. */
  knobs: RecipeSchema.exactOptional(),
});

const dataIdentity = z.strictObject({
  dataset: z.string(),
  /** `Dataset.fingerprint`. */
  sha256: z.string(),
});

/** What a comparison of recipes found. The same command, seed and machine give the same bytes. */
export const comparisonSchema = z.strictObject({
  /** "compare-" and the model's name in lower case. */
  name: z.string().regex(/^compare-[a-z0-9-]+$/),
  /** What repeats it; DIR stands for a folder of the machine. */
  command: z.string(),
  configuration: z.record(z.string(), z.json()),
  environment: environmentSchema,
  data: z.strictObject({ evaluation: dataIdentity, calibration: dataIdentity }),
  kernelTier: z.string(),
  model: z.string(),
  /** Empty for a model that another program saved. */
  weightsSha256: z.string(),
  /** The float network first. */
  rows: z.array(rowSchema).min(1),
  /** What was left out or went wrong, in words. */
  notes: z.array(z.string()),
});

/** Of a comparison, in the order of its rows. */
export const comparisonTimingSchema = z.strictObject({
  /** What quantizing by the recipe took, the mean over the subsets; 0 for the float network. */
  quantizingSeconds: z.array(z.number().min(0)).min(1),
});

/**
 * What is found of one network.
 * @interface
 */
export type ComparedFigures = Readonly<z.infer<z.ZodObject<typeof comparedFigures>>>;
/** @interface */
export type ComparedRow = Readonly<z.infer<typeof rowSchema>>;
/** @interface */
export type Comparison = Readonly<z.infer<typeof comparisonSchema>>;
/** @interface */
export type ComparisonTiming = Readonly<z.infer<typeof comparisonTimingSchema>>;
