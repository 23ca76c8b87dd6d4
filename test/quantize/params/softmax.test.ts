import assert from 'node:assert/strict';
import fc from 'fast-check';
import { softmax } from '../../../quantize/ops/softmax.ts';
import { softmaxPowers } from '../../../quantize/params/softmax.ts';
import { randomBytes } from '../kernels/make_call.ts';

describe('softmax', () => {
  it('has powers from 1 downwards', () => {
    const powers = softmaxPowers(0.5);
    assert.equal(powers[0], 1);
    assert.equal(powers[2], Math.fround(Math.exp(-1)));
    assert.equal(powers.length, 256);
  });

  it('gives bytes within ½ + (n + 3) · 2⁻¹⁶ steps of the exact probabilities (eq. 15)', () => {
    fc.assert(
      fc.property(
        fc.float({ min: Math.fround(1e-3), max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 1001 }),
        fc.nat(9999),
        (scale, channels, seed) => {
          const input = randomBytes(channels, seed);
          const output = new Uint8Array(channels);
          const powers = Float32Array.from(softmaxPowers(scale));
          softmax.compute({ input, positions: 1, channels, powers, output });
          const exact = Array.from(input, (q) => Math.exp(scale * (q - 255)));
          const sum = exact.reduce((a, b) => a + b);
          for (const [c, byte] of output.entries()) {
            const share = Math.min((256 * exact[c]) / sum, 255);
            const bound = 0.5 + (channels + 3) * 2 ** -16;
            assert.ok(Math.abs(byte - share) <= bound, `${byte}, not ${share}`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
