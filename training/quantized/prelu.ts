import * as tf from '@tensorflow/tfjs';
import { fixedPointProduct } from './fixed_point_product.ts';
import { type ByteTensor, type Made, realOf, rounded } from './quantized_nodes.ts';
import type { UsedRange } from './tensor_range.ts';

/** A ReLU with slopes: eq. 12. @param slopes [1, 1, C] or the shape of an image */
export function prelu(input: ByteTensor, slopes: ByteTensor, output: UsedRange): Made {
  const { scale } = output.parameters;
  // Of a vector as one.
  const [own, real] = [slopes.offsets, realOf(slopes)].map((values) =>
    values.reshape(values.shape.slice(values.rank - input.offsets.rank + 1)),
  );
  const kept = input.offsets.relu();
  const products = input.offsets.minimum(0).mul(own);
  const ofKept = input.parameters.scale.div(scale);
  const ofProducts = input.parameters.scale.mul(slopes.parameters.scale).div(scale);
  const x = realOf(input);
  const value = tf.sub(x.relu(), real.mul(x.neg().relu()));
  const steps = kept.mul(ofKept).add(products.mul(ofProducts));
  const levels = fixedPointProduct(kept, ofKept).add(fixedPointProduct(products, ofProducts));
  return { ...rounded(value, steps, output, levels), slopes };
}
