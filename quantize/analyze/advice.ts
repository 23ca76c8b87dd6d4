import type { FindingCause, LayerAnalysis } from './analysis.ts';

/**
 * What tf8 can do for a network: `standard`, a MobileNet with batch norms after its depthwise layers,
 * can be re-architected; `rebuilt`, one without them, was; `other` has no depthwise layers.
 */
type NetworkKind = 'standard' | 'rebuilt' | 'other';

/** What tf8 offers against a cause in a network of these layers. */
export function remedyFor(cause: FindingCause, layers: readonly LayerAnalysis[]): string {
  const remedy = REMEDIES[cause];
  return typeof remedy === 'string' ? remedy : remedy[kindOf(layers)];
}

function kindOf(layers: readonly LayerAnalysis[]): NetworkKind {
  const depthwise = layers.filter(({ op }) => op === 'depthwiseConv2d');
  if (depthwise.length === 0) return 'other';
  return depthwise.some(({ weights }) => weights?.channels.batchNorm) ? 'standard' : 'rebuilt';
}

const TRAIN_ON =
  'train on with a greater weightDecay in a recipe of your own, which keeps single weights from growing: "tf8 train --network inception_v3 --from MODEL --recipe FILE".';

const REMEDIES: Readonly<Record<FindingCause, string | Readonly<Record<NetworkKind, string>>>> = {
  deadChannels:
    'Option 1: give these channels the mean variance of the others, with --zero-variance mean; nothing is retrained.',
  weightRange: {
    standard:
      'Bring the channels to one size: "tf8 rearchitect MODEL --variant friendly" equalizes them, or retrain with "tf8 train --variant friendly --from MODEL", whose L2 keeps depthwise weights small.',
    rebuilt:
      'Bring the channels to one size: "tf8 rearchitect STANDARD --variant friendly", from the standard network that this one goes back to, ends by equalizing them. Or train on with a greater depthwiseWeightDecay: "tf8 train --variant friendly --from MODEL --recipe FILE".',
    other: `Bring the channels to one size: ${TRAIN_ON}`,
  },
  weightQuantization: {
    standard:
      'Re-architecture: "tf8 rearchitect MODEL --variant friendly" leaves out batch norm and ReLU6 after the depthwise and equalizes the channels; or retrain with "tf8 train --variant friendly --from MODEL".',
    rebuilt:
      'Equalize the channels: "tf8 rearchitect STANDARD --variant friendly", from the standard network that this one goes back to, does so at its end. Or train on with a greater depthwiseWeightDecay: "tf8 train --variant friendly --from MODEL --recipe FILE".',
    other: `Make the weights more even: ${TRAIN_ON}`,
  },
  saturation:
    'Calibrate on more images, or on images like those that the network will see: --calibration-images, --calibration-data.',
  rangeTooWide:
    'Calibrate on images like those that the network will see: --calibration-data; one outlier decides the range of a layer.',
  activationRequantization: {
    standard:
      'Make the outputs more even: "tf8 rearchitect MODEL --variant friendly" equalizes the channels that share this range.',
    rebuilt:
      'Make the outputs more even: "tf8 rearchitect STANDARD --variant friendly", from the standard network that this one goes back to, ends by equalizing the channels that share a range and by centring what the depthwise layers give.',
    other:
      'Calibrate on fewer, typical images, so that no single one widens the range: --calibration-images, --calibration-data.',
  },
  inputQuantization:
    "Use the preprocessing that the network was trained with: it fixes the input's range, which these images leave or fill badly.",
  relu6Clipping: {
    standard:
      'Replace ReLU6 by ReLU: "tf8 rearchitect MODEL --variant friendly", or retrain with "tf8 train --variant friendly --from MODEL".',
    rebuilt: 'Replace ReLU6 by ReLU and retrain: "tf8 train --variant friendly --from MODEL".',
    other: 'Replace ReLU6 by ReLU and retrain; tf8 does so for MobileNets only.',
  },
  overflowRisk:
    'Make the biases smaller, with --zero-variance mean where a batch norm has channels of zero variance, or split the layer into ones with fewer input channels.',
};
