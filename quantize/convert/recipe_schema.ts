/**
 * A recipe of quantization as data: what is done to the float graph, how ranges are observed, how weights
 * get their range and are rounded, and what is corrected from measurements.
 */
import * as z from 'zod';

/** A change of the folded or unfolded float graph, in the order of the recipe. */
const Pass = z.discriminatedUnion('pass', [
  /** Dead batch-norm channels get the mean variance of the others: Option 1 of arXiv 1803.08607. */
  z.strictObject({ pass: z.literal('zeroVariance'), policy: z.literal('mean') }),
  /** Inputs that are constant over the images go into the bias. */
  z.strictObject({ pass: z.literal('pruneConstantInputs') }),
  /** Cross-layer equalization, arXiv 1906.04721, section 4.1. */
  z.strictObject({ pass: z.literal('equalize') }),
  /** Bias absorption, arXiv 1906.04721, section 4.1.3: by so many standard deviations below the mean. */
  z.strictObject({ pass: z.literal('absorbBias'), deviations: z.number().positive() }),
]);

/** From the values of a tensor over the images to its range. */
const Observer = z.discriminatedUnion('observer', [
  z.strictObject({ observer: z.literal('minMax') }),
  z.strictObject({ observer: z.literal('movingAverage'), momentum: z.number().gt(0).lt(1) }),
  z.strictObject({ observer: z.literal('percentile'), percent: z.number().gt(50).max(100) }),
  z.strictObject({ observer: z.literal('mse') }),
  z.strictObject({ observer: z.literal('entropy') }),
]);

const Weights = z.strictObject({
  /** `channel`: a scale for each channel of the output; such weights are symmetric. */
  granularity: z.enum(['tensor', 'channel']),
  /** Symmetric weights have the zero point 128. */
  symmetric: z.boolean(),
  /** `inputWeighted`: the shrunk range with the least Σ var(input) · error². */
  range: z.enum(['minMax', 'mse', 'inputWeighted']),
  /** `secondOrder`: arXiv 2210.17323 on the covariance of the quantized inputs, then coordinate descent. */
  rounding: z.discriminatedUnion('rounding', [
    z.strictObject({ rounding: z.literal('nearest') }),
    z.strictObject({
      rounding: z.literal('secondOrder'),
      layers: z.enum(['depthwise', 'all']),
      /** λ of a ridge refit before it, in parts of the mean diagonal; none unless given. */
      refit: z.number().positive().exactOptional(),
    }),
  ]),
});

/** A change of the TF8 model from measurements, layer by layer with the quantized layers before it. */
const Correction = z.discriminatedUnion('correction', [
  /** The mean error of each channel goes into its bias: before the activation, then `steps` times after it. */
  z.strictObject({
    correction: z.literal('bias'),
    from: z.enum(['images', 'batchNorms']),
    steps: z.int().min(0).max(100),
  }),
]);

/** A recipe in JSON; a field that it does not know is refused. */
export const RecipeSchema = z.strictObject({
  name: z.string().min(1),
  passes: z.array(Pass),
  observer: Observer,
  weights: Weights,
  /** Of activations and weights, for chips that shift; the input keeps the scale of its preprocessing. */
  scales: z.literal('powerOfTwo').exactOptional(),
  corrections: z.array(Correction),
  /** Activations of 16 bits, of these layers or of all: simulated, to compare with; there is no such TF8 model. */
  activations: z
    .strictObject({
      bits: z.literal(16),
      layers: z.union([z.literal('all'), z.array(z.string().min(1)).min(1)]),
    })
    .exactOptional(),
});

export type Recipe = z.infer<typeof RecipeSchema>;
export type RecipePass = Recipe['passes'][number];
export type ObserverChoice = Recipe['observer'];
export type WeightChoice = Recipe['weights'];
export type CorrectionChoice = Recipe['corrections'][number];
