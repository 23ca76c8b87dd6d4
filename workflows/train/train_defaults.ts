/** The steps of so long are lost when a run is killed. */
export const CHECKPOINT_SECONDS = 60;

/** What is trained on where neither data set nor folder is given. */
export const TRAINING_DATASET = 'fashion-mnist';

/** The recipe of a training from a model's weights; from random ones it is the network's own. */
export const RETRAINING_RECIPE = 'finetune';

/** How often the processes of a training are started again after one was lost. */
export const RESTARTS = 3;
