/** Names of the recipes of quantization, which a command line shows without loading them. */
export const RECIPE_NAMES = [
  'as-published',
  'option-1',
  'bias-corrected',
  'input-weighted',
  'depthwise-rounded',
  'rounded',
  'best',
  'per-channel',
] as const;

/** What each says in a few words. */
export const RECIPE_DESCRIPTIONS: Readonly<Record<(typeof RECIPE_NAMES)[number], string>> = {
  'as-published': 'the network as it is, ranges by min/max, nearest rounding',
  'option-1': 'as published, channels of zero variance get the mean variance of the others',
  'bias-corrected':
    'as published, mean errors of channels go into the biases, from unlabelled images',
  'input-weighted': 'and weights get the range that their inputs ask for',
  'depthwise-rounded': 'and depthwise weights are rounded by second order',
  rounded: 'and so are all weights',
  best: 'and weights are refitted before: the best without training, from unlabelled images',
  'per-channel': 'one symmetric scale a channel of weights, for runtimes that have it',
};
