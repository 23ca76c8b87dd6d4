import type * as tfTypes from '@tensorflow/tfjs';

/** The part of tfjs-node's backend that runs any op of libtensorflow by name. */
interface NodeBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>>;
  executeSingleOutput(
    name: string,
    attributes: readonly { name: string; type: number; value: unknown }[],
    inputs: readonly tfTypes.Tensor[],
  ): tfTypes.Tensor;
}

/** Runs one of TensorFlow's image ops, whose type attribute is `T`, on float tensors. */
export function imageOp(
  tf: typeof tfTypes,
  name: string,
  inputs: readonly tfTypes.Tensor[],
  booleans: Readonly<Record<string, boolean>> = {},
): Float32Array {
  const backend = tf.backend() as unknown as NodeBackend;
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT } = backend.binding;
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    ...Object.entries(booleans).map(([key, value]) => ({ name: key, type: TF_ATTR_BOOL, value })),
  ];
  return tf.tidy(
    () => backend.executeSingleOutput(name, attributes, inputs).dataSync() as Float32Array,
  );
}

/** The largest absolute difference of two arrays of one length. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} values`);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}
