import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ChainLayer } from '../../../architectures/rearchitect/chain.ts';
import { removeDeadChannels } from '../../../architectures/rearchitect/dead_channels.ts';
import {
  logitsOf,
  numbers,
  randomChain,
  randomImage,
  relativeDifference,
  SEEDS,
} from './support.ts';

const FRIENDLY = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;
const STANDARD = { activation: 'relu6', depthwiseActivation: 'relu6', pairs: 3 } as const;

/** The layer with the weights that make a channel 0. */
function silenced(layer: ChainLayer, channel: number): ChainLayer {
  const outputs = layer.bias.length;
  return { ...layer, kernel: layer.kernel.map((w, i) => (i % outputs === channel ? 0 : w)) };
}

describe('removeDeadChannels', () => {
  for (const [name, shape] of Object.entries({ friendly: FRIENDLY, standard: STANDARD })) {
    it(`keeps the function of any ${name} chain with channels without weights`, () => {
      fc.assert(
        fc.property(SEEDS, (seed) => {
          const next = numbers(seed);
          const chain = randomChain(seed, shape).map((layer) =>
            next() > 0.2 || layer.kind === 'logits' ? layer : silenced(layer, 1),
          );
          const lighter = removeDeadChannels(chain);
          const image = randomImage(seed);
          const difference = relativeDifference(logitsOf(lighter, image), logitsOf(chain, image));
          assert.ok(difference < 1e-9, `${difference}`);
        }),
        { numRuns: 50 },
      );
    });
  }

  it('moves what a constant depthwise channel says into the pointwise bias', () => {
    const chain = randomChain(1, FRIENDLY);
    chain[1] = silenced(chain[1], 0);
    chain[1].bias[0] = 2;
    const weights = chain[2].kernel.slice(0, 4);
    const bias = chain[2].bias.slice();
    const lighter = removeDeadChannels(chain);
    assert.deepEqual([...lighter[2].kernel.slice(0, 4)], [0, 0, 0, 0]);
    assert.deepEqual(
      [...lighter[2].bias],
      Array.from(bias, (b, m) => b + 2 * weights[m]),
    );
    assert.equal(lighter[1].bias[0], 0);
  });

  it('keeps a constant that a depthwise layer pads with zeros', () => {
    const chain = randomChain(1, FRIENDLY);
    chain[0] = silenced(chain[0], 0);
    chain[0].bias[0] = 2;
    const lighter = removeDeadChannels(chain);
    assert.deepEqual(lighter, chain);
  });

  it('removes what only makes a channel that nobody takes', () => {
    const chain = randomChain(1, FRIENDLY);
    chain[1] = silenced(chain[1], 0);
    const lighter = removeDeadChannels(chain);
    assert.ok(lighter[0].kernel.every((w, i) => i % 3 !== 0 || w === 0));
    assert.equal(lighter[0].bias[0], 0);
    assert.equal(lighter[1].bias[0], 0);
  });

  it('changes nothing where no channel is dead', () => {
    const chain = randomChain(2, FRIENDLY);
    assert.deepEqual(removeDeadChannels(chain), chain);
  });
});
