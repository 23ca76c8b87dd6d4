import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../architectures/graph/float_graph.ts';
import { FloatRunner } from '../architectures/graph/float_runner.ts';
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

/**
 * As `floatPredictor`, of a graph: its first output. Holds the graph's weights until `dispose`.
 */
export function graphPredictor(graph: FloatGraph): FloatPredictor {
  const runner = new FloatRunner(graph, tf.getBackend() === 'tensorflow' ? compile : undefined);
  return {
    predict: async (images, shape) => runner.outputs(images, shape)[0],
    dispose: () => runner.dispose(),
  };
}

/**
 * As `predictFloat`, of a graph: its outputs [N, …] in their order.
 * @param images [N, H, W, 3] float32
 */
export function predictGraph(
  graph: FloatGraph,
  images: Float32Array,
  shape: BatchShape,
): readonly Float32Array[] {
  const runner = new FloatRunner(graph);
  try {
    return runner.outputs(images, shape);
  } finally {
    runner.dispose();
  }
}

async function valuesOf(run: () => tf.Tensor): Promise<Float32Array> {
  const output = tf.tidy(run);
  try {
    return (await output.data()) as Float32Array;
  } finally {
    output.dispose();
  }
}
