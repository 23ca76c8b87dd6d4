/** Functions whose gradient is not that of their value; they can be compiled. */
import * as tf from '@tensorflow/tfjs';
import { byteClampGradient, clampedToByte } from '../compile/ops/byte_clamp.ts';

type Save = (tensors: tf.Tensor[]) => void;
type Gradient = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];

/** A function of tensors with the gradient that it says itself. */
function withGradient(
  inputs: readonly tf.Tensor[],
  run: (inputs: readonly tf.Tensor[], save: Save) => { value: tf.Tensor; gradient: Gradient },
): tf.Tensor {
  const custom = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as Save;
    const { value, gradient } = run(args.slice(0, -1) as tf.Tensor[], save);
    return { value, gradFunc: gradient };
  });
  return custom(...inputs);
}

/** `value`, whose gradient goes to `x`: both have one shape. */
export function withValue(x: tf.Tensor, value: tf.Tensor): tf.Tensor {
  return withGradient([x], () => ({ value: value.clone(), gradient: (dy) => [dy.clone()] }));
}

/** x, whose gradient is multiplied by the scalar `factor`. */
export function gradientScaled(x: tf.Tensor, factor: tf.Tensor): tf.Tensor {
  return withGradient([x], ([value], save) => {
    save([factor]);
    return { value: value.clone(), gradient: (dy, [k]) => [dy.mul(k)] };
  });
}

/** x, to whose gradient `more` of its shape is added. */
export function gradientPlus(x: tf.Tensor, more: tf.Tensor): tf.Tensor {
  return withGradient([x], ([value], save) => {
    save([more]);
    return { value: value.clone(), gradient: (dy, [added]) => [dy.add(added)] };
  });
}

/** A number in steps of its scale, on its way to a byte. */
export interface Levels {
  /** Not rounded. */
  readonly steps: tf.Tensor;
  /** Rounded, by the operation's equation; neither clamped nor moved by the zero point. */
  readonly rounded: tf.Tensor;
  /** A scalar. */
  readonly zeroPoint: tf.Tensor;
}

/**
 * clamp(rounded + zeroPoint, 0, 255) − zeroPoint: what a byte has above its zero point. Gradients are those of real
 * numbers: a value that is not clamped passes its gradient on, and the ends [min, max] of the range get those
 * of learned step sizes (arXiv 1902.08153, of an asymmetric range).
 * @param real what the levels are of: its gradient's way
 * @param range [2]
 */
export function quantized(
  real: tf.Tensor,
  range: tf.Tensor,
  { steps, rounded, zeroPoint }: Levels,
): tf.Tensor {
  return withGradient([real, range], (_, save) => {
    save([steps, rounded, zeroPoint]);
    return {
      value: clampedToByte(rounded, zeroPoint),
      gradient: (dy, [exact, levels, zero]) => {
        const { inside, below, above } = byteClampGradient(dy, levels, zero);
        const ofError = inside.mul(levels.sub(exact)).sum().div(255);
        return [inside, tf.stack([below.sub(ofError), above.add(ofError)])];
      },
    };
  });
}
