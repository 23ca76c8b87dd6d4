import * as tf from '@tensorflow/tfjs';
import { compile } from './compile/compile.ts';

/** [N, H, W, 3] */
export type BatchShape = readonly [number, number, number, number];

/** Class probabilities of a float model. */
export interface FloatPredictor {
  /** images [N, H, W, 3] float32 in, [N, classes] out. No tensor outlives the call. */
  predict(images: Float32Array, shape: BatchShape): Promise<Float32Array>;
  /** Frees what was compiled; the model stays. */
  dispose(): void;
}

/**
 * A predictor for many images: compiled with the model's weights of now where libtensorflow is the
 * backend, else layer by layer. The model stays the caller's.
 */
export function floatPredictor(model: tf.LayersModel): FloatPredictor {
  if (tf.getBackend() !== 'tensorflow') {
    return { predict: (images, shape) => predictFloat(model, images, shape), dispose() {} };
  }
  const compiled = compile(
    ({ images }) => ({ probabilities: model.apply(images, { training: false }) as tf.Tensor }),
    { frozen: true },
  );
  return {
    predict: (images, shape) =>
      valuesOf(() => compiled.call({ images: tf.tensor4d(images, [...shape]) }).probabilities),
    dispose: compiled.dispose,
  };
}

/**
 * As `FloatPredictor.predict`, for few images: layer by layer, at once.
 * @param images [N, H, W, 3] float32
 * @returns class probabilities [N, classes]
 */
export function predictFloat(
  model: tf.LayersModel,
  images: Float32Array,
  shape: BatchShape,
): Promise<Float32Array> {
  return valuesOf(() => model.predict(tf.tensor4d(images, [...shape])) as tf.Tensor);
}

async function valuesOf(run: () => tf.Tensor): Promise<Float32Array> {
  const output = tf.tidy(run);
  try {
    return (await output.data()) as Float32Array;
  } finally {
    output.dispose();
  }
}
