/** The steps of so long are lost when a run is killed. */
export const CHECKPOINT_SECONDS = 60;

/** What is trained on where neither data set nor folder is given. */
export const TRAINING_DATASET = 'fashion-mnist';

/** Recipes of trainings from a model's weights, and from random ones. */
export const DEFAULT_RECIPES = { retraining: 'finetune', scratch: 'scratch-small' } as const;
