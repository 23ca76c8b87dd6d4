import type { AccuracyRow } from '../records/accuracy_row.ts';

/**
 * ImageNet2012 validation top-1 in percent, from "A Quantization-Friendly Separable Convolution for
 * MobileNets" (arXiv 1803.08607): table 1, section 3.1 and figure 5.
 */
export const PAPER = {
  inceptionV3: { floatTop1Percent: 78, tf8Top1Percent: 76.92 },
  published: { floatTop1Percent: 70.5, tf8Top1Percent: 1.8 },
  option1: { tf8Top1Percent: 45.73 },
  noDepthwiseBn: { floatTop1Percent: 70.55, tf8Top1Percent: 61.5 },
  relu: { floatTop1Percent: 70.8, tf8Top1Percent: 67.8 },
  friendly: { floatTop1Percent: 70.77, tf8Top1Percent: 68.03 },
} as const satisfies Record<string, NonNullable<AccuracyRow['paper']>>;
