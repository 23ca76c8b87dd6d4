import type { FindingCause } from './analysis.ts';

/** What tf8 offers against each cause. */
export const REMEDIES: Readonly<Record<FindingCause, string>> = {
  deadChannels:
    'Option 1: give these channels the mean variance of the others, with --zero-variance mean; nothing is retrained.',
  weightRange:
    'Bring the channels to one size: "tf8 rearchitect MODEL --variant friendly" equalizes them, or retrain with "tf8 train --variant friendly --from MODEL", whose L2 keeps depthwise weights small.',
  weightQuantization:
    'Re-architecture: "tf8 rearchitect MODEL --variant friendly" leaves out batch norm and ReLU6 after the depthwise and equalizes the channels; or retrain with "tf8 train --variant friendly --from MODEL".',
  saturation:
    'Calibrate on more images, or on images like those that the network will see: --calibration-images, --calibration-data.',
  rangeTooWide:
    'Calibrate on images like those that the network will see: --calibration-data; one outlier decides the range of a layer.',
  activationRequantization:
    'Make the outputs more even: "tf8 rearchitect MODEL --variant friendly" equalizes the channels that share this range.',
  inputQuantization:
    "Use the preprocessing that the network was trained with: the input's range is fixed by it, and the images fill little of it.",
  relu6Clipping:
    'Replace ReLU6 by ReLU: "tf8 rearchitect MODEL --variant friendly", or retrain with "tf8 train --variant friendly --from MODEL".',
  overflowRisk:
    'Make the biases smaller, with --zero-variance mean where a batch norm has channels of zero variance, or split the layer into ones with fewer input channels.',
};
