/**
 * How a network is trained, as data. Values without a source of their own are slim's for
 * MobileNetV1 (`mobilenet_v1_train.py`, `mobilenet_v1_arg_scope`).
 */
export interface Recipe {
  readonly name: string;
  readonly optimizer: {
    readonly kind: 'slim-rmsprop';
    /** Share of the old mean square kept at a step. */
    readonly decay: number;
    readonly momentum: number;
    /** Added to the mean square under the root. */
    readonly epsilon: number;
  };
  /** Falls to 0 along a half cosine with "cosine". */
  readonly learningRate: { readonly initial: number; readonly schedule: 'constant' | 'cosine' };
  readonly batchSize: number;
  readonly epochs: number;
  /** L2 of the weights of full and pointwise convolutions: adds decay · w to the gradient of w. */
  readonly weightDecay: number;
  /** L2 of the depthwise weights, in variants that regularize them. */
  readonly depthwiseWeightDecay: number;
  /** Share of the old moving mean and variance kept at a step. */
  readonly batchNormDecay: number;
  readonly dropout: number;
  readonly labelSmoothing: number;
  /** σ of the initial weights of a logits layer that is not taken over. */
  readonly logitsStddev: number;
}

/**
 * Short retraining from published weights on 10⁴ images or so. The batch-norm decay lets the moving
 * statistics follow within tens of steps (slim's 0.9997 needs tens of thousands). The new logits
 * layer starts small, so that its first gradients do not blow up what the other layers know: with
 * slim's 0.09 the friendly network ended lower in float and, with some seeds, with activations so
 * wide that TF8 lost more than the standard network.
 */
export const FINETUNE: Recipe = {
  name: 'finetune',
  optimizer: { kind: 'slim-rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  learningRate: { initial: 0.01, schedule: 'cosine' },
  batchSize: 64,
  epochs: 2,
  weightDecay: 4e-5,
  depthwiseWeightDecay: 4e-5,
  batchNormDecay: 0.9,
  dropout: 0.001,
  labelSmoothing: 0,
  logitsStddev: 0.01,
};

/** Training from random weights on small data. */
export const SCRATCH: Recipe = {
  ...FINETUNE,
  name: 'scratch',
  learningRate: { initial: 0.045, schedule: 'cosine' },
  epochs: 10,
  batchNormDecay: 0.99,
  logitsStddev: 0.09,
};

export const RECIPES: readonly Recipe[] = [FINETUNE, SCRATCH];

/** The learning rate at a step of `steps` in all; steps count from 0. */
export function learningRateAt(recipe: Recipe, step: number, steps: number): number {
  const { initial, schedule } = recipe.learningRate;
  return schedule === 'constant'
    ? initial
    : (initial / 2) * (1 + Math.cos((Math.PI * step) / steps));
}

/** @throws RangeError when there is no recipe of that name. */
export function recipeNamed(name: string): Recipe {
  const recipe = RECIPES.find((candidate) => candidate.name === name);
  if (recipe === undefined) {
    throw new RangeError(
      `Expected one of ${RECIPES.map((r) => r.name).join(', ')} for the recipe but received "${name}"`,
    );
  }
  return recipe;
}
