import type { QuantizationParams } from '../../quantize/params/quantization.ts';

/** How far inside of a byte's cell a weight begins that another method than the nearest put there, in steps. */
const INSIDE = 0.25;

/** The largest byte. */
const BYTE_MAX = 255;

/**
 * Weights whose nearest bytes are those that a recipe chose: the float ones, where these are so already, else
 * the nearest to them a quarter of a step inside of the byte's cell. So a training begins with the recipe's
 * bytes, and a step that is too small to matter does not undo its choice.
 *
 * @param kernel float weights
 * @param bytes as many, in the same order
 */
export function startKernel(
  kernel: Float32Array,
  bytes: Uint8Array,
  { scale, zeroPoint }: QuantizationParams,
): Float32Array {
  return kernel.map((weight, index) => {
    const byte = bytes[index];
    const steps = weight / scale + zeroPoint;
    const beyond = steps - byte;
    // Beyond an end of the range all weights are that end's.
    const isAtEnd = byte === 0 ? beyond < 0 : byte === BYTE_MAX && beyond > 0;
    if (isAtEnd || Math.abs(beyond) < 0.5) return weight;
    return scale * (byte - zeroPoint + Math.sign(beyond) * INSIDE);
  });
}
