import type { LayerAnalysis } from './analysis.ts';
import { medianOf } from './weight_analysis.ts';

/**
 * The channels of zero variance that folding blew up, which Option 1 mends: a depthwise layer's, whose
 * |α| is beyond twice the median of the live ones. One that Option 1 has mended is as any other.
 */
export function blownUpChannels({ weights, deadChannels }: LayerAnalysis): {
  readonly channels: readonly number[];
  readonly largestAlpha: number;
  readonly medianAlpha: number;
} {
  const { alpha, dead } = weights!.channels.batchNorm ?? { alpha: [], dead: [] };
  if (deadChannels === 0) return { channels: [], largestAlpha: 0, medianAlpha: 0 };
  const alphas = alpha.map(Math.abs);
  const medianAlpha = medianOf(alphas, dead);
  const channels = dead.filter((channel) => alphas[channel] > 2 * medianAlpha);
  const largestAlpha = Math.max(0, ...channels.map((channel) => alphas[channel]));
  return { channels, largestAlpha, medianAlpha };
}
