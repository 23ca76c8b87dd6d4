import type { FloatWeightedNode } from './float_node.ts';

/**
 * For each weight of a layer, the channel of its input that it multiplies. Innermost of a kernel stand the
 * outputs of one input channel; the values of an image that is read as a vector are its channels in turn.
 * @param channels of the input
 */
export function inputChannelOf(
  { op, kernelShape, bias: { length: outputs } }: FloatWeightedNode,
  channels: number,
): (index: number) => number {
  const [, , depth, last] = kernelShape;
  switch (op) {
    case 'depthwiseConv2d':
      return (index) => Math.floor(index / last) % channels;
    case 'conv2d': {
      const filters = (outputs * depth) / channels;
      return (index) =>
        Math.floor((index % outputs) / filters) * depth + (Math.floor(index / outputs) % depth);
    }
    case 'fullyConnected':
    case 'transposedConv2d':
      return (index) => Math.floor(index / outputs) % channels;
  }
}
