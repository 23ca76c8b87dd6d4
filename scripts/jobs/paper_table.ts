import type { AccuracyRow } from '../records/accuracy_table.ts';

/**
 * ImageNet2012 validation top-1 in percent, from "A Quantization-Friendly Separable Convolution for
 * MobileNets" (arXiv 1803.08607): table 1, section 3.1 and figure 5.
 */
export const PAPER = {
  published: { float: 70.5, tf8: 1.8 },
  option1: { tf8: 45.73 },
  friendly: { float: 70.77, tf8: 68.03 },
} as const satisfies Record<string, NonNullable<AccuracyRow['paper']>>;
