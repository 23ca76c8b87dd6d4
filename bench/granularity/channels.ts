import type * as tf from '@tensorflow/tfjs';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { UserError } from '../../foundation/errors.ts';
import { fuseLayersModel } from '../../quantize/convert/fuse.ts';
import { rangeOf } from '../../quantize/convert/observed_range.ts';
import type { GranularityRecord } from '../../workflows/records/granularity_record.ts';
import { figure } from '../explain/figure.ts';

type Channels = GranularityRecord['channels'];

/**
 * Two channels of the first depthwise layer, batch norms folded: the one that reaches furthest, and the
 * one of median range among those whose variance is not 0.
 * @throws UserError where the network has no depthwise layer
 */
export function pickChannels(model: tf.LayersModel): Channels {
  const { nodes } = fuseLayersModel(model, { zeroVariance: 'keep' });
  const first = nodes.filter(isWeightedFloat).find(({ op }) => op === 'depthwiseConv2d');
  if (first === undefined) {
    throw new UserError(`Expected a network with depthwise layers but ${model.name} has none`);
  }
  const { name, kernel, bias, batchNorm } = first;
  const channels = Array.from(bias, (_, channel) => {
    const weights = kernel.filter((_weight, index) => index % bias.length === channel);
    const { min, max } = rangeOf(weights);
    return { channel, weights: Array.from(weights, figure), width: max - min };
  });
  const byWidth = channels.toSorted((a, b) => a.width - b.width);
  const dead = batchNorm?.deadChannels ?? [];
  const live = byWidth.filter(({ channel }) => !dead.includes(channel));
  const { min, max } = rangeOf(kernel);
  const shown = ({ channel, weights }: (typeof channels)[number]) => ({ channel, weights });
  return {
    layer: name,
    min: figure(min),
    max: figure(max),
    widest: shown(byWidth.at(-1)!),
    median: shown(live[Math.floor(live.length / 2)]!),
  };
}
