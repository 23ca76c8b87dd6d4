// As a namespace: bundlers leave out what is not used of it, which is most.
import * as z from 'zod';

/** What the fields of nodes in a TF8 file are made of. */

export const Count = z.number().int().nonnegative();
export const Positive = z.number().int().positive();

export const Quantization = z.strictObject({
  scale: z.number().positive(),
  zeroPoint: z.number().int().min(0).max(255),
});

/** Of weights: one scale for all, or one a channel of the output. */
export const WeightQuantizationField = z.union([
  Quantization,
  z.strictObject({
    scales: z.array(z.number().positive()).min(1),
    zeroPoint: z.number().int().min(0).max(255),
  }),
]);

export const Tensor = z.strictObject({
  shape: z.tuple([Positive, Positive, Positive]),
  quantization: Quantization,
});

export const Pair = z.tuple([Positive, Positive]);
export const CountPair = z.tuple([Count, Count]);

export const ActivationField = z.enum(['linear', 'relu', 'relu6']);

export const PaddingField = z.strictObject({
  top: Count,
  bottom: Count,
  left: Count,
  right: Count,
});

/** The fields of every node, which come first. */
export const NODE_FIELDS = {
  name: z.string().min(1),
  inputs: z.array(z.string()).min(1),
  output: Tensor,
};
