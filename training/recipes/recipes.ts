/**
 * The recipes that come with the project. Sources, all of TF-slim
 * (github.com/tensorflow/models, research/slim): `train_image_classifier.py` is the general script,
 * by its flags' defaults; `nets/mobilenet_v1_train.py` the one of MobileNetV1; `nets/mobilenet_v1.py`
 * the network with its arg scope; `nets/mobilenet/README.md` lists the flags for MobileNetV2.
 */

import { NO_AUGMENTATION } from '../../datasets/augment/augment.ts';
import { FLIP_CROP } from '../../datasets/augment/flip_crop.ts';
import { INCEPTION } from '../../datasets/augment/inception.ts';
import type { Distillation, Recipe } from './recipe.ts';
import { RECIPE_NAMES, type RecipeName } from './recipe_names.ts';

/**
 * MobileNetV1 on ImageNet from random weights. Slim's two scripts disagree: `mobilenet_v1_train.py`
 * takes plain gradient descent, 0.045, batches of 64 and a decay every 2.5 epochs;
 * `train_image_classifier.py` RMSProp, 0.01, batches of 32 and a decay every 2 epochs. The paper of
 * the network (arXiv 1704.04861, 3.2) trained by RMSProp, so the optimizer is the general script's
 * and all else MobileNetV1's own.
 */
export const SLIM_IMAGENET: Recipe = {
  name: 'slim-imagenet',
  // train_image_classifier.py: rmsprop_decay, rmsprop_momentum, opt_epsilon
  optimizer: { kind: 'slim-rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  // mobilenet_v1_train.py: get_learning_rate, _LEARNING_RATE_DECAY_FACTOR, num_epochs_per_decay
  learningRate: { schedule: 'staircase', initial: 0.045, factor: 0.94, everyEpochs: 2.5 },
  batchSize: 64, // mobilenet_v1_train.py: batch_size
  budget: { epochs: 120 }, // arXiv 1803.08607; slim's scripts train until they are stopped
  resolution: 224, // mobilenet_v1_train.py: image_size
  augmentation: INCEPTION, // preprocessing_factory.py: mobilenet_v1 has inception_preprocessing
  weightDecay: 4e-5, // mobilenet_v1_arg_scope: weight_decay, on slim.conv2d: full, pointwise, logits
  depthwiseWeightDecay: 4e-5, // mobilenet_v1_arg_scope with regularize_depthwise
  batchNormDecay: 0.9997, // mobilenet_v1_arg_scope: decay
  dropout: 0.001, // mobilenet_v1: dropout_keep_prob 0.999
  labelSmoothing: 0, // both scripts; the network's paper, 3.2: "we do not use … label smoothing"
  movingAverageDecay: 0.9999, // mobilenet/README.md: moving_average_decay
  logitsStddev: 0.09, // mobilenet_v1_arg_scope: stddev
};

/**
 * InceptionV3 on ImageNet from random weights: what its paper (arXiv 1512.00567, 7 and 8) says, and
 * where it is silent the authors' code (github.com/tensorflow/models: `inception_train.py` and
 * `inception_model.py` of research/inception/inception, `inception_utils.py` and `inception_v3.py` of
 * research/slim/nets). Unlike theirs it has no auxiliary classifier and clips no gradients.
 */
export const SLIM_INCEPTION: Recipe = {
  name: 'slim-inception',
  // paper: decay, ε; inception_train.py: RMSPROP_MOMENTUM
  optimizer: { kind: 'slim-rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  learningRate: { schedule: 'staircase', initial: 0.045, factor: 0.94, everyEpochs: 2 }, // paper
  batchSize: 32, // paper, on each of 50 processors
  budget: { epochs: 100 }, // paper
  resolution: 299, // paper
  augmentation: INCEPTION, // preprocessing_factory.py: inception_v3 has inception_preprocessing
  weightDecay: 4e-5, // inception_arg_scope: weight_decay
  depthwiseWeightDecay: 0, // there is no depthwise convolution
  batchNormDecay: 0.9997, // inception_arg_scope: batch_norm_decay
  dropout: 0.2, // inception_v3: dropout_keep_prob 0.8
  labelSmoothing: 0.1, // paper, 7
  movingAverageDecay: 0.9999, // inception_model.py: MOVING_AVERAGE_DECAY
  logitsStddev: Math.sqrt((1.3 * 2) / 2048), // inception_arg_scope: variance_scaling_initializer
};

/**
 * Short retraining from published weights on 10⁴ images or so. The batch-norm decay lets the moving
 * statistics follow within tens of steps (slim's 0.9997 needs tens of thousands). The new logits
 * layer starts small, so that its first gradients do not blow up what the other layers know: with
 * slim's 0.09 the friendly network ended lower in float and, with some seeds, with activations so
 * wide that TF8 lost more than the standard network. Decays and dropout are those of slim.
 */
export const FINETUNE_RMSPROP = {
  name: 'finetune-rmsprop',
  optimizer: SLIM_IMAGENET.optimizer,
  learningRate: { schedule: 'cosine', initial: 0.01 },
  batchSize: 64,
  budget: { epochs: 2 },
  resolution: 64,
  augmentation: NO_AUGMENTATION,
  weightDecay: SLIM_IMAGENET.weightDecay,
  depthwiseWeightDecay: SLIM_IMAGENET.depthwiseWeightDecay,
  batchNormDecay: 0.9,
  dropout: SLIM_IMAGENET.dropout,
  labelSmoothing: 0,
  logitsStddev: 0.01,
} satisfies Recipe;

/**
 * As `FINETUNE_RMSPROP`, by Adam: on CIFAR-10 at 96 × 96 the standard network came to 82.0 % in two
 * epochs at 0.001, where RMSProp at 0.01 came to 78.6 %. β₁ and β₂ are those of Kingma and Ba
 * (arXiv 1412.6980) and of `train_image_classifier.py`; ε is Kingma and Ba's: the script's 1, meant
 * for RMSProp, would make Adam's steps tiny.
 */
export const FINETUNE: Recipe = {
  ...FINETUNE_RMSPROP,
  name: 'finetune',
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: { schedule: 'cosine', initial: 0.001 },
};

/**
 * Training from random weights on small images, 32 × 32. Slim's learning rate and σ, a short cosine;
 * the batch-norm decay lets the moving statistics follow within tens of steps: with 0.99 a run of 200
 * steps got 15 % of the images held out right where 0.9 got 70 %. Flips and crops
 * padded by 4 pixels are those of the ResNet paper on CIFAR-10 (arXiv 1512.03385, 4.2).
 */
export const SCRATCH_SMALL: Recipe = {
  ...FINETUNE_RMSPROP,
  name: 'scratch-small',
  learningRate: { schedule: 'cosine', initial: SLIM_IMAGENET.learningRate.initial },
  budget: { epochs: 10 },
  resolution: 32,
  augmentation: FLIP_CROP,
  logitsStddev: SLIM_IMAGENET.logitsStddev,
};

/**
 * As `SCRATCH_SMALL`, by Adam, for networks that its learning rate is too high for: InceptionV3 stayed
 * at chance.
 */
export const SCRATCH_ADAM: Recipe = {
  ...FINETUNE,
  name: 'scratch-adam',
  budget: SCRATCH_SMALL.budget,
  augmentation: FLIP_CROP,
};

/**
 * With a teacher, where a recipe says nothing of it: what Zagoruyko and Komodakis took for CIFAR-10
 * (arXiv 1612.03928, 4.1).
 */
export const DISTILLATION: Distillation = { weight: 0.9, temperature: 4 };

/**
 * After a reconstruction, with the original as the teacher. A low learning rate keeps what was rebuilt:
 * on CIFAR-10 at 96 × 96 (standard 84.0 %, reconstructed 79.4 % of 3,000 test images) one pass over
 * 30,000 images came to 82.8 %; at 0.001 the network first forgot a fifth of it.
 */
export const DISTIL: Recipe = {
  ...FINETUNE,
  name: 'distil',
  learningRate: { schedule: 'cosine', initial: 2e-4 },
  budget: { epochs: 1 },
  distillation: DISTILLATION,
};

/**
 * In the executor's integers, from trained weights whose batch norms are folded: the float network alone
 * teaches, so that labels are not needed. The learning rate is low, since the network is as good as
 * quantization leaves it: what is to be learned are ranges and roundings. Adam moves all weights of an output
 * alike, whose inputs come from a ReLU, and no batch norm makes up for that. The published MobileNetV1 at
 * 128 × 128, from `input-weighted`, after 25 steps on 400 photographs: the mean divergence from float on 100 others,
 * 0.149 before, was 0.37 at 3e-5, 0.21 at 1e-5, 0.16 at 3e-6 and 1e-6; on the 400, 0.145 before, 0.39, 0.15, 0.12
 * and 0.13. After 75 steps at 3e-6 it was 0.16 on the others and 0.07 on the 400, which it learns by heart.
 */
export const QUANTIZATION_AWARE: Recipe = {
  ...FINETUNE,
  name: 'quantization-aware',
  learningRate: { schedule: 'cosine', initial: 3e-6 },
  batchSize: 16,
  budget: { epochs: 3 },
  resolution: 224,
  weightDecay: 0,
  depthwiseWeightDecay: 0,
  dropout: 0,
  distillation: { weight: 1, temperature: 1 },
};

const BY_NAME = {
  'slim-imagenet': SLIM_IMAGENET,
  'slim-inception': SLIM_INCEPTION,
  finetune: FINETUNE,
  'finetune-rmsprop': FINETUNE_RMSPROP,
  distil: DISTIL,
  'quantization-aware': QUANTIZATION_AWARE,
  'scratch-small': SCRATCH_SMALL,
  'scratch-adam': SCRATCH_ADAM,
} as const satisfies Record<RecipeName, Recipe>;

/** The recipes that `openRecipe` knows by name, in the order of `RECIPE_NAMES`. */
export const RECIPES: readonly Recipe[] = RECIPE_NAMES.map((name) => BY_NAME[name]);
