import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Chain,
  type ChainLayer,
  outputChannelOf,
} from '../../../architectures/rearchitect/chain.ts';
import {
  type ChannelScales,
  equalizableLayers,
  equalizationScales,
} from '../../../architectures/rearchitect/equalize.ts';
import { logitsOf, randomChain, randomImage, relativeDifference, SEEDS } from './support.ts';

const FRIENDLY = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;
const CLIPPED = { ...FRIENDLY, activation: 'relu6' } as const;

/** The chain with its channels scaled; the function is the same. */
function scaleChain(chain: Chain, channelScales: readonly ChannelScales[]): Chain {
  const made = new Map(channelScales.map(({ producer, scales }) => [producer, scales]));
  const taken = new Map(channelScales.map(({ consumer, scales }) => [consumer, scales]));
  return chain.map((layer) => {
    const outward = made.get(layer.name);
    const inward = taken.get(layer.name);
    return {
      ...layer,
      kernel: layer.kernel.map(
        (weight, index) =>
          (weight * (inward?.[inputChannelOf(layer, index)] ?? 1)) /
          (outward?.[outputChannelOf(layer, index)] ?? 1),
      ),
      bias: layer.bias.map((value, channel) => value / (outward?.[channel] ?? 1)),
    };
  });
}

/** The input channel that a weight is multiplied with. */
function inputChannelOf(layer: ChainLayer, index: number): number {
  const [, , channels, outputs] = layer.kernelShape;
  return Math.floor(index / outputs) % channels;
}

/** Largest absolute weight of each output channel over the layer's largest. */
function shares({ kernel, bias }: ChainLayer): number[] {
  const ranges = Array.from(bias, (_, m) =>
    Math.max(...kernel.filter((_, i) => i % bias.length === m).map(Math.abs)),
  );
  return ranges.map((range) => range / Math.max(...ranges));
}

describe('cross-layer equalization', () => {
  it('keeps the function of any chain with linear layers and ReLU', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const chain = randomChain(seed, FRIENDLY);
        const equalized = scaleChain(chain, equalizationScales(chain));
        const image = randomImage(seed);
        const difference = relativeDifference(logitsOf(equalized, image), logitsOf(chain, image));
        assert.ok(difference < 1e-9, `${difference}`);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the function where ReLU6 leaves only the depthwise layers to scale', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const chain = randomChain(seed, CLIPPED);
        const scales = equalizationScales(chain);
        assert.deepEqual(
          scales.map(({ producer, consumer }) => [producer, consumer]),
          [
            ['dw0', 'pw0'],
            ['dw1', 'pw1'],
            ['dw2', 'pw2'],
          ],
        );
        const image = randomImage(seed);
        const equalized = scaleChain(chain, scales);
        assert.ok(relativeDifference(logitsOf(equalized, image), logitsOf(chain, image)) < 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('brings the weights of a depthwise layer closer to each other', () => {
    const chain = randomChain(5, { ...FRIENDLY, pairs: 4 }).map((layer) => ({
      ...layer,
      bias: layer.bias.map(() => 0),
    }));
    const equalized = scaleChain(chain, equalizationScales(chain));
    const least = (layers: readonly ChainLayer[]) =>
      Math.min(
        ...layers.filter(({ kind }) => kind === 'depthwise').flatMap((layer) => shares(layer)),
      );
    assert.ok(least(equalized) > 20 * least(chain), `${least(chain)} to ${least(equalized)}`);
  });

  it('changes nothing more where the channels are equal already', () => {
    const chain = randomChain(7, FRIENDLY);
    const equalized = scaleChain(chain, equalizationScales(chain));
    for (const { scales } of equalizationScales(equalized)) {
      for (const scale of scales) assert.ok(Math.abs(scale - 1) < 0.05, `${scale}`);
    }
  });

  it('leaves a channel without weights on either side at its scale', () => {
    const chain = randomChain(3, FRIENDLY);
    const [conv] = chain;
    chain[0] = { ...conv, kernel: conv.kernel.map((w, i) => (i % 3 === 1 ? 0 : w)) };
    chain[0].bias[1] = 0;
    const { scales } = equalizationScales(chain)[0];
    assert.equal(scales[1], 1);
    assert.ok(scales.every((scale) => scale > 0 && Number.isFinite(scale)));
  });

  it('does not blow up a channel that is hardly more than its bias', () => {
    const chain = randomChain(3, FRIENDLY);
    const [conv] = chain;
    chain[0] = { ...conv, kernel: conv.kernel.map((w, i) => (i % 3 === 1 ? 1e-12 : w)) };
    chain[0].bias.set([0.5, 0.5, 0.5]);
    const [first] = scaleChain(chain, equalizationScales(chain));
    assert.ok(Math.max(...first.bias) < 1e3, `${first.bias}`);
  });

  it('refuses to scale through ReLU6, by the layers’ names', () => {
    const chain = randomChain(3, CLIPPED);
    assert.throws(() => equalizationScales(chain, ['pw0']), {
      name: 'RearchitectError',
      message: /linear layer or ReLU between pw0 and dw1 .* but there is ReLU6/,
      remedy: /friendly or relu/,
    });
  });

  it('refuses a layer that has none after it', () => {
    const chain = randomChain(3, FRIENDLY);
    assert.throws(() => equalizationScales(chain, ['logits']), /another one after it .* logits/);
    assert.throws(() => equalizationScales(chain, ['nowhere']), /received nowhere/);
  });

  it('finds the layers after which channels can be scaled', () => {
    const chain = randomChain(3, { ...FRIENDLY, pairs: 1 });
    assert.deepEqual(equalizableLayers(chain), ['conv', 'dw0', 'pw0']);
  });
});
