import * as tf from '@tensorflow/tfjs';
import { PROBABILITIES } from '../../quantize/params/softmax.ts';
import type { ByteTensor, Made } from './quantized_nodes.ts';

/** Bytes are 0 to it. */
const BYTE_MAX = 255;

/** The shares of 256 that a softmax gives the channels: eq. 15. It has no gradient: logits are trained. */
export function probabilities({ offsets, parameters }: ByteTensor): Made {
  const below = tf.tensor1d(Array.from({ length: BYTE_MAX + 1 }, (_, d) => d));
  const powers = below.mul(parameters.scale).neg().exp();
  const steps = offsets.max(-1, true).sub(offsets).cast('int32');
  const shares = powers.gather(steps.flatten()).reshape(offsets.shape);
  // Channel after channel, as the equation adds them: another order has other last bits.
  const channels = offsets.shape.at(-1)!;
  const sums = tf.cumsum(shares, -1);
  const sum = sums.slice(
    [...offsets.shape.slice(0, -1).map(() => 0), channels - 1],
    [...offsets.shape.slice(0, -1), 1],
  );
  const bytes = shares
    .mul(tf.div(BYTE_MAX + 1, sum))
    .add(0.5)
    .floor()
    .minimum(BYTE_MAX);
  const [scale, zeroPoint] = [PROBABILITIES.scale, PROBABILITIES.zeroPoint].map((x) =>
    tf.scalar(x),
  );
  return { output: { offsets: bytes, parameters: { scale, zeroPoint } }, table: powers };
}
