/**
 * The reference tier: the definition of TF8 arithmetic (eq. 4 to 6 of quantize/params/README.md). The
 * other tiers are correct when they give the same bytes (eq. 8).
 *
 * What this folder refuses to do: no packed or transposed filters, no tiles, no vectors, no
 * algebra on zero points, no state between calls, no special case for a shape. Each kernel is the
 * equation with a loop for every index. It is fast enough to check with, not to serve with.
 */

import type { Kernels } from '../kernels.ts';
import { concat } from './concat.ts';
import { conv2d, depthwiseConv2d, fullyConnected } from './convolution.ts';
import { averagePool2d, globalAveragePool, maxPool2d } from './pooling.ts';

/** The kernels that define the results: plain TypeScript, which runs everywhere, slowly. */
export const REFERENCE_KERNELS: Kernels = {
  tier: 'reference',
  conv2d,
  depthwiseConv2d,
  fullyConnected,
  averagePool2d,
  maxPool2d,
  globalAveragePool,
  concat,
};
