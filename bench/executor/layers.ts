import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { byName } from '../../quantize/model/by_name.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { operationOf } from '../../quantize/ops/table.ts';
import { median } from '../rounds.ts';
import type { LayerProfile } from './record.ts';
import type { CheckedTier } from './tiers.ts';

const PROFILES = 50;
/** A processor's clock rises and falls: the peak is the best of some. */
const PEAKS = 5;

/**
 * How long each node takes for one image on one thread, beside what the processor could do.
 * @param image [H, W, C] uint8
 * @returns undefined for kernels without vectors, which have no peak to be compared with
 */
export function profileLayers(
  { name, kernels }: CheckedTier,
  model: Tf8Model,
  image: Uint8Array,
): LayerProfile | undefined {
  if (kernels.measurePeak === undefined) return undefined;
  using plan = new Tf8Plan(model, { kernels });
  const times = new Map(model.nodes.map((node) => [node.name, [] as number[]]));
  let peak = 0;
  for (let run = 0; run < PROFILES; run++) {
    if (run % (PROFILES / PEAKS) === 0) peak = Math.max(peak, kernels.measurePeak());
    for (const { name, milliseconds } of plan.profile(image))
      byName(times, name).push(milliseconds);
  }
  return {
    name,
    peakGmacPerSecond: Number((peak / 1e9).toFixed(1)),
    layers: model.nodes.map((node) => ({
      layer: node.name,
      op: node.op,
      milliseconds: Number(median(byName(times, node.name)).toFixed(4)),
      macs: operationOf(node).macs(node),
    })),
  };
}
