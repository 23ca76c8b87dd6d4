/**
 * The recipes that come with the project, each in a line: apart from what they say, so that a list of
 * them loads nothing else.
 */
export const RECIPE_DESCRIPTIONS = {
  'slim-imagenet': 'MobileNetV1 on ImageNet from random weights, as TF-slim has it: 120 epochs',
  'slim-inception': 'InceptionV3 on ImageNet from random weights, as its paper has it: 100 epochs',
  finetune: 'from trained weights, by Adam: 2 epochs at 64 × 64',
  'finetune-rmsprop': 'from trained weights, by RMSProp: 2 epochs at 64 × 64',
  distil: 'after a reconstruction, with the original as the teacher: 1 epoch',
  'quantization-aware':
    'in the executor’s integers, with the float network as the teacher: 3 epochs',
  'scratch-small': 'from random weights on small images, 32 × 32: 10 epochs',
  'scratch-adam': 'as scratch-small, by Adam at 64 × 64: for InceptionV3',
} as const;

export type RecipeName = keyof typeof RECIPE_DESCRIPTIONS;

export const RECIPE_NAMES = Object.keys(RECIPE_DESCRIPTIONS) as RecipeName[];
