import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';

/** A small MobileNet whose weights are the same in every process and on every backend. */
export function fixedModel(): tf.LayersModel {
  const model = buildMobileNetV1({
    variant: STANDARD,
    widthMultiplier: 0.25,
    resolution: 32,
    classes: 10,
  });
  tf.tidy(() => {
    model.weights.forEach((weight, index) => {
      const shape = [...weight.shape] as number[];
      const positive = /(gamma|moving_variance)$/.test(weight.originalName);
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
        const wave = Math.sin(12.9898 * i + index) * 43758.5453;
        const random = wave - Math.floor(wave);
        return positive ? 0.5 + random : random - 0.5;
      });
      weight.write(tf.tensor(values, shape, 'float32'));
    });
  });
  return model;
}

/** Two images in [−1, 1]. */
export function fixedImages(): { images: Float32Array; shape: [number, number, number, number] } {
  const images = Float32Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => Math.sin(i * i * 1e-3));
  return { images, shape: [2, 32, 32, 3] };
}
