import { z } from 'zod';
import { augmentationSchema } from './augmentation_schema.ts';
import { learningRateSchema } from './learning_rate.ts';

/** In [0, 1). */
const share = z.number().min(0).lt(1);

const distillationSchema = z.strictObject({
  /** Of the teacher, in the loss; the labels have the rest. */
  weight: z.number().min(0).max(1),
  /** T: both logits are divided by it. */
  temperature: z.number().positive(),
});

/** How a network is trained, as data: what a recipe file holds. */
export const recipeSchema = z
  .strictObject({
    name: z.string().min(1),
    optimizer: z.discriminatedUnion('kind', [
      /** RMSProp as TensorFlow 1 has it: mean square from 1, ε under the root, momentum over scaled gradients. */
      z.strictObject({
        kind: z.literal('slim-rmsprop'),
        /** Share of the old mean square kept at a step. */
        decay: share,
        momentum: share,
        /** Added to the mean square under the root. */
        epsilon: z.number().positive(),
      }),
      /** Kingma and Ba, arXiv 1412.6980. */
      z.strictObject({
        kind: z.literal('adam'),
        /** Share of the old first moment kept at a step. */
        beta1: share,
        /** Share of the old second moment kept at a step. */
        beta2: share,
        /** Added to the root of the second moment. */
        epsilon: z.number().positive(),
      }),
    ]),
    learningRate: learningRateSchema,
    batchSize: z.int().min(1),
    /** How long to train. A time budget counts the run's own time, over all its processes. */
    budget: z.union([
      z.strictObject({ epochs: z.int().min(1) }),
      z.strictObject({ minutes: z.number().positive() }),
    ]),
    /** Height and width of the network's input in pixels. */
    resolution: z.int().min(32),
    /** How training images are varied; validation images never are. */
    augmentation: augmentationSchema,
    /** L2 of the weights of full and pointwise convolutions: adds decay · w to the gradient of w. */
    weightDecay: z.number().min(0),
    /** L2 of the depthwise weights, in variants that regularize them. */
    depthwiseWeightDecay: z.number().min(0),
    /** Share of the old moving mean and variance kept at a step. */
    batchNormDecay: share,
    /** Share of the last features that are zeroed. */
    dropout: share,
    /** Share of a label that is spread evenly over all classes. */
    labelSmoothing: share,
    /**
     * The network that is kept is the moving average of the weights, by
     * min(decay, (1 + step) / (10 + step)) as in `tf.train.ExponentialMovingAverage` with a step count.
     */
    movingAverageDecay: share.exactOptional(),
    /**
     * How much a teacher counts, where there is one (Hinton et al., arXiv 1503.02531): the loss is
     * (1 − weight) · cross-entropy + weight · T² · KL(teacher's softmax(z/T) ‖ the network's).
     */
    distillation: distillationSchema.exactOptional(),
    /** σ of the initial weights of a logits layer that is not taken over. */
    logitsStddev: z.number().positive(),
  })
  .readonly();

/**
 * How a network is trained, as data.
 * @interface
 */
export type Recipe = z.infer<typeof recipeSchema>;
export type Budget = Recipe['budget'];
/**
 * How much a teacher counts in the loss.
 * @interface
 */
export type Distillation = Readonly<z.infer<typeof distillationSchema>>;
