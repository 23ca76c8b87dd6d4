import * as tf from '@tensorflow/tfjs';
import type { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { STANDARD, type Variant } from '../../../architectures/variants.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import type { Distillation, Recipe } from '../../../training/recipes/recipe.ts';
import { FINETUNE, FINETUNE_RMSPROP } from '../../../training/recipes/recipes.ts';
import { CompiledStep } from '../../../training/step/compiled_step.ts';
import { EagerStep } from '../../../training/step/eager_step.ts';
import type { Teacher } from '../../../training/step/soft_targets.ts';
import type { LocalTrainStep, StepInputs } from '../../../training/step/train_step.ts';
import { buildShortMobileNetV1, randomizeWeights } from '../../architectures/support.ts';

const CLASSES = 5;
const RESOLUTION = 32;

/** Both kinds of step, by their names. */
export const STEPS = { eager: EagerStep, compiled: CompiledStep } as const;
export type Kind = keyof typeof STEPS;
export const KINDS: readonly Kind[] = ['eager', 'compiled'];

/** Without dropout, averages and regularization. */
export const RMSPROP: Recipe = {
  ...FINETUNE_RMSPROP,
  dropout: 0,
  weightDecay: 0,
  depthwiseWeightDecay: 0,
};
export const ADAM: Recipe = { ...RMSPROP, name: FINETUNE.name, optimizer: FINETUNE.optimizer };

/** All that a recipe can ask for, with numbers large enough to be seen in a few steps. */
export const EVERYTHING = {
  dropout: 0.3,
  labelSmoothing: 0.1,
  movingAverageDecay: 0.6,
  weightDecay: 0.02,
  depthwiseWeightDecay: 0.05,
} as const satisfies Partial<Recipe>;

/** Of the whole MobileNetV1 or, as unless given, of a short one. */
type Builder = typeof buildMobileNetV1;

/** A small network with slim's initial weights. Equal recipes and seeds give equal networks. */
function smallModel(build: Builder, variant: Variant, recipe: Recipe, seed = 1): tf.LayersModel {
  const { dropout, batchNormDecay } = recipe;
  const config = { variant, widthMultiplier: 0.0625, resolution: RESOLUTION, classes: CLASSES };
  return build(config, { dropout, batchNormDecay, seed });
}

/** Images of a class each: its brightness and noise. */
export function batchOf(size: number, seed: number): LabelledBatch {
  const labels = Int32Array.from({ length: size }, (_, n) => (3 * n + seed) % CLASSES);
  const noise = tf.tidy(() =>
    tf
      .randomUniform([size, RESOLUTION, RESOLUTION, 3], -0.5, 0.5, 'float32', seed + 1)
      .dataSync<'float32'>(),
  );
  const pixels = noise.length / size;
  return {
    images: noise.map((value, i) => value + labels[Math.floor(i / pixels)] / CLASSES - 0.5),
    shape: [size, RESOLUTION, RESOLUTION, 3],
    labels,
    names: Array.from(labels, (_, n) => `${n}`),
    position: size,
  };
}

/** What a schedule would give for a step that is counted from 0. */
export function inputsOf(step: number, recipe: Recipe): StepInputs {
  const learningRate = (recipe.optimizer.kind === 'adam' ? 0.002 : 0.02) * (1 - step / 40);
  return { learningRate, seed: 1000 + step, step };
}

/** Runs steps `from` up to `to`, each with a batch of its own; gives their losses. */
export function runSteps(step: LocalTrainStep, recipe: Recipe, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    const number = from + i;
    return step.run(batchOf(8, number), inputsOf(number, recipe)).loss;
  });
}

/** A network to distil from: standard, with moving statistics and a dropout that must not show. */
export function withTeacher<T>(
  distillation: Distillation,
  body: (teacher: Teacher, model: tf.LayersModel) => T,
  build: Builder = buildShortMobileNetV1,
): T {
  const model = smallModel(build, STANDARD, { ...RMSPROP, dropout: 0.9 }, 2);
  randomizeWeights(model);
  try {
    return body({ model, ...distillation }, model);
  } finally {
    model.dispose();
  }
}

/** Makes a step of a kind on a network of its own, and disposes of both afterwards. */
export function withStep<T>(
  kind: Kind,
  variant: Variant,
  recipe: Recipe,
  body: (step: LocalTrainStep, model: tf.LayersModel) => T,
  teacher?: Teacher,
  build: Builder = buildShortMobileNetV1,
): T {
  const model = smallModel(build, variant, recipe);
  const { regularizeDepthwise } = variant;
  const step = new STEPS[kind](model, recipe, { regularizeDepthwise, teacher });
  try {
    return body(step, model);
  } finally {
    step.dispose();
    model.dispose();
  }
}

/** A state as an object whose difference a failing test can show. */
export function plain(state: ReadonlyMap<string, WeightTensor>): Record<string, unknown> {
  return Object.fromEntries(
    [...state].map(([name, { shape, values }]) => [name, [shape, [...values]]]),
  );
}
