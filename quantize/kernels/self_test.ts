import { QuantizationError } from '../params/errors.ts';
import type { Conv2dCall, Kernels } from './kernels.ts';
import { REFERENCE_KERNELS } from './reference/reference_kernels.ts';

/**
 * A padded 2 × 2 convolution of a 3 × 3 × 2 image to 9 channels, more than one vector; the bytes are
 * spread over the range, with both bounds among them.
 */
function knownCall(): Conv2dCall {
  const channels = 9;
  return {
    input: Uint8Array.from({ length: 18 }, (_, i) => i * 14),
    inputShape: [1, 3, 3, 2],
    inputZeroPoint: 128,
    filter: Uint8Array.from({ length: 8 * channels }, (_, i) => (i * 31) % 256),
    filterShape: [2, 2, 2, channels],
    filterZeroPoint: 127,
    bias: Int32Array.from({ length: channels }, (_, m) => (m - 4) * 6000),
    strides: [1, 1],
    padding: { top: 1, bottom: 0, left: 0, right: 1 },
    multiplier: 2 ** -7,
    outputZeroPoint: 128,
    low: 10,
    high: 245,
    output: new Uint8Array(9 * channels),
    outputShape: [1, 3, 3, channels],
  };
}

/** Throws unless `kernels` give the reference's bytes for a small convolution. */
export function selfTest(kernels: Kernels): void {
  const expected = knownCall();
  REFERENCE_KERNELS.conv2d(expected);
  const received = knownCall();
  kernels.conv2d(received);
  const at = expected.output.findIndex((byte, i) => byte !== received.output[i]);
  if (at >= 0) {
    throw new QuantizationError(
      `Expected the reference's byte ${expected.output[at]} at ${at} in the self-test of ` +
        `${kernels.tier} but received ${received.output[at]}`,
    );
  }
}
