import assert from 'node:assert/strict';
import { channelWeights } from '../../../bench/granularity/channel_weights.ts';

describe('channelWeights', () => {
  it('gives each channel 127 levels to either side of 0, whatever its neighbours have', () => {
    // [2 taps, 2 channels]: the channels reach to 127 and to 1.27.
    const kernel = Float32Array.of(127, 0.634, -3.4, -1.27);
    const { kernel: rounded, bias } = channelWeights({ kernel, bias: Float32Array.of(0, 0) }, 1);
    const expected = [127, 0.63, -3, -1.27];
    rounded.forEach((weight, index) => {
      assert.ok(Math.abs(weight - expected[index]) < 1e-6, `${weight}`);
    });
    assert.deepEqual([...bias], [0, 0]);
  });

  it('rounds biases to scaleIn · scale', () => {
    const { bias } = channelWeights(
      { kernel: Float32Array.of(127), bias: Float32Array.of(0.8) },
      0.5,
    );
    assert.deepEqual([...bias], [1]);
  });

  it('raises the scale of a channel whose bias would not fit int32, and takes one of zeros', () => {
    const { kernel, bias } = channelWeights(
      { kernel: Float32Array.of(1e-12, 0), bias: Float32Array.of(3, 0) },
      1,
    );
    assert.deepEqual([...kernel], [0, 0]);
    assert.ok(Math.abs(bias[0] - 3) < 1e-6);
    assert.equal(bias[1], 0);
  });
});
