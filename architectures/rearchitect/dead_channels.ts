import { activate, type Chain, type ChainLayer, outputChannels } from './chain.ts';

/**
 * Removes channels that say nothing; the network's function stays the same.
 *
 * - A channel without weights is constant, f(bias) with f the activation after the layer. Where a
 *   pointwise layer or the logits take it, W·f(bias) moves into their biases and its weights W there
 *   become 0. Where a depthwise layer takes it, the constant may move only if it is 0: "same" padding
 *   surrounds it with zeros, which make another output at the border than inside.
 * - A channel that nobody takes (the next layer's weights for it are 0) loses its weights and bias.
 *
 * "Removed" is 0: the shapes, which the architecture's table gives, stay.
 */
export function removeDeadChannels(chain: Chain): Chain {
  const layers = chain.map((layer) => ({
    ...layer,
    kernel: layer.kernel.slice(),
    bias: layer.bias.slice(),
  }));
  for (let index = 0; index + 1 < layers.length; index++) {
    moveConstants(layers[index], layers[index + 1]);
  }
  for (let index = layers.length - 2; index >= 0; index--) {
    dropUnused(layers[index], layers[index + 1]);
  }
  return layers;
}

function moveConstants(layer: ChainLayer, next: ChainLayer): void {
  for (const channel of channelsWhere(layer, (c) => hasNoWeights(layer, c))) {
    const constant = activate(layer.activation, layer.bias[channel]);
    if (next.kind === 'depthwise' && constant !== 0) continue;
    const outputs = outputChannels(next);
    for (const index of weightsThatTake(next, channel)) {
      next.bias[index % outputs] += constant * next.kernel[index];
      next.kernel[index] = 0;
    }
    layer.bias[channel] = 0;
  }
}

function dropUnused(layer: ChainLayer, next: ChainLayer): void {
  const unused = (channel: number) =>
    weightsThatTake(next, channel).every((index) => next.kernel[index] === 0);
  for (const channel of channelsWhere(layer, unused)) {
    for (const index of weightsThatMake(layer, channel)) layer.kernel[index] = 0;
    layer.bias[channel] = 0;
  }
}

function channelsWhere(layer: ChainLayer, holds: (channel: number) => boolean): number[] {
  return Array.from(layer.bias.keys()).filter(holds);
}

function hasNoWeights(layer: ChainLayer, channel: number): boolean {
  return weightsThatMake(layer, channel).every((index) => layer.kernel[index] === 0);
}

function weightsThatMake({ kernel, bias }: ChainLayer, channel: number): number[] {
  const outputs = bias.length;
  return Array.from({ length: kernel.length / outputs }, (_, i) => i * outputs + channel);
}

function weightsThatTake({ kernelShape }: ChainLayer, channel: number): number[] {
  const [height, width, channels, outputs] = kernelShape;
  return Array.from({ length: height * width * outputs }, (_, i) => {
    const tap = Math.floor(i / outputs);
    return (tap * channels + channel) * outputs + (i % outputs);
  });
}
