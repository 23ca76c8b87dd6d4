import assert from 'node:assert/strict';
import fc from 'fast-check';
import { weightLevels } from '../../../quantize/analyze/weight_levels.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';

/** Two positions of three channels, innermost: (0, 255), (−1, 1) and (0.25, −0.25). */
const KERNEL = Float32Array.of(0, -1, 0.25, 254, 1, -0.25);

describe('weightLevels', () => {
  it('takes the range and its parameters from all channels', () => {
    const { min, max, quantization } = weightLevels(KERNEL, 3, [2]);
    assert.deepEqual({ min, max }, { min: -1, max: 254 });
    assert.deepEqual(quantization, { scale: 1, zeroPoint: 1 });
  });

  it('counts the bytes from the least to the greatest weight of each chosen channel', () => {
    assert.deepEqual(weightLevels(KERNEL, 3).levels, [255, 3, 1]);
    assert.deepEqual(weightLevels(KERNEL, 3, [2, 1]).levels, [1, 3]);
  });

  it('counts the weights of the chosen channels that become zero', () => {
    assert.equal(weightLevels(KERNEL, 3, [2]).zeroShare, 1);
    assert.equal(weightLevels(KERNEL, 3, [1, 2]).zeroShare, 0.5);
  });

  it('measures the noise of the chosen channels alone', () => {
    assert.equal(weightLevels(KERNEL, 3, [2]).sqnrDb, 0);
    assert.equal(weightLevels(KERNEL, 3, [0, 1]).sqnrDb, Infinity);
    assert.deepEqual(weightLevels(KERNEL, 3, [2, 0]).channelSqnrDb, [0, Infinity]);
  });

  it('gives the channel that holds both ends of the range all bytes but one at most, no channel more', () => {
    const size = fc.float({ min: Math.fround(0.01), max: 8, noNaN: true });
    fc.assert(
      fc.property(size, size, size, size, (low, high, a, b) => {
        const [ends, inner] = [
          [-low, high],
          [-Math.min(a, low), Math.min(b, high)],
        ];
        const kernel = Float32Array.of(ends[0], inner[0], ends[1], inner[1]);
        const [widest, other] = weightLevels(kernel, 2).levels;
        assert.ok(widest >= 255 && widest <= 256 && other <= widest, `${widest}, ${other}`);
      }),
    );
  });

  it('refuses channels that are not there, and weights that do not divide into channels', () => {
    const refused = (run: () => unknown, message: RegExp) =>
      assert.throws(
        run,
        (error) => error instanceof QuantizationError && message.test(error.message),
      );
    refused(() => weightLevels(KERNEL, 3, [3]), /Expected channels in \[0, 3\) for among .* 3 /);
    refused(
      () => weightLevels(KERNEL, 3, [0.5]),
      /Expected channels in \[0, 3\) for among .* 0\.5 /,
    );
    refused(() => weightLevels(KERNEL, 3, []), /Expected at least one channel for among .* 0 /);
    refused(() => weightLevels(KERNEL, 4), /Expected a multiple of 4 weights for kernel .* 6 /);
    refused(() => weightLevels(new Float32Array(), 4), /multiple of 4 weights .* received 0 /);
  });
});
