/** The steps of so long are lost when a run is killed. */
export const CHECKPOINT_SECONDS = 60;

/** Recipes of trainings from a model's weights, and from random ones. */
export const DEFAULT_RECIPES = { retraining: 'finetune', scratch: 'scratch-small' } as const;
