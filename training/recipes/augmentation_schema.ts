import { z } from 'zod';
import type { Augmentation } from '../../datasets/augment/augment.ts';

/** Low and high end; in order. */
const range = z
  .tuple([z.number().min(0), z.number().positive()])
  .refine(([low, high]) => low <= high, 'expected the low end first');
const share = z.number().min(0).max(1);

/** An `Augmentation` as a recipe file holds it. */
export const augmentationSchema: z.ZodType<Augmentation> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('flip-crop'), padding: z.int().min(0) }),
  z.strictObject({
    kind: z.literal('inception'),
    fastMode: z.boolean(),
    crop: z.strictObject({ area: range, aspectRatio: range, minObjectCovered: share }),
    brightness: share,
    saturation: range,
    hue: share,
    contrast: range,
  }),
]);
