import * as tf from '@tensorflow/tfjs';

/** What the calls in the tables take: tensors of every dtype and of shapes that broadcast. */
export interface KernelInputs extends tf.NamedTensorMap {
  readonly scalar: tf.Scalar;
  /** [3] */
  readonly row: tf.Tensor1D;
  /** [2, 1] */
  readonly column: tf.Tensor2D;
  /** [2, 3], both signs */
  readonly floats: tf.Tensor2D;
  /** [2, 3] in (0, 4) */
  readonly positive: tf.Tensor2D;
  /** [2, 3] in (−1, 1) */
  readonly unit: tf.Tensor2D;
  /** [9]: NaN, infinities, zeros of both signs, halves */
  readonly special: tf.Tensor1D;
  /** [9]: the same in another order */
  readonly otherSpecial: tf.Tensor1D;
  /** [2, 3, 4] */
  readonly cube: tf.Tensor3D;
  /** [2, 4, 3] */
  readonly otherCube: tf.Tensor3D;
  /** [2, 3] int32, both signs */
  readonly ints: tf.Tensor2D;
  /** [2, 3] int32 without 0, both signs */
  readonly otherInts: tf.Tensor2D;
  /** [3] int32 in 0…4 */
  readonly indices: tf.Tensor1D;
  /** [2, 3] bool */
  readonly bools: tf.Tensor2D;
  /** [3] bool */
  readonly rowBools: tf.Tensor1D;
  /** [0, 3] */
  readonly empty: tf.Tensor2D;
  /** [2, 7, 6, 3] */
  readonly images: tf.Tensor4D;
  /** [3, 3, 3, 4] */
  readonly filter: tf.Tensor4D;
  /** [1, 1, 3, 5] */
  readonly pointwiseFilter: tf.Tensor4D;
  /** [3, 3, 3, 1] */
  readonly depthwiseFilter: tf.Tensor4D;
  /** [3, 3, 3, 2] */
  readonly twoPerChannel: tf.Tensor4D;
  /** [4] */
  readonly bias: tf.Tensor1D;
}

/** A call of a kernel through TensorFlow.js' public operations. */
export type KernelCall = (inputs: KernelInputs) => tf.Tensor;

/** Calls of a kernel by what is particular to them. */
export type KernelCalls = Readonly<Record<string, KernelCall>>;

/** By the kernel's name in TensorFlow.js. */
export type KernelTable = Readonly<Record<string, KernelCalls>>;

const INF = Number.POSITIVE_INFINITY;
const SPECIAL = [Number.NaN, INF, -INF, 0, -0, 0.5, 1.5, 2.5, -0.5];

export function kernelInputs(): KernelInputs {
  const uniform = (shape: number[], low: number, high: number, seed: number) =>
    tf.randomUniform(shape, low, high, 'float32', seed);
  return {
    scalar: tf.scalar(1.75),
    row: tf.tensor1d([-1.5, 0, 2.25]),
    column: tf.tensor2d([[-0.5], [3]]),
    floats: tf.tensor2d([
      [-7.5, -0.75, 0.5],
      [2.5, 3.5, 10.25],
    ]),
    positive: uniform([2, 3], 0.1, 4, 1) as tf.Tensor2D,
    unit: uniform([2, 3], -0.95, 0.95, 2) as tf.Tensor2D,
    special: tf.tensor1d(SPECIAL),
    otherSpecial: tf.tensor1d([...SPECIAL.slice(2), ...SPECIAL.slice(0, 2)]),
    cube: uniform([2, 3, 4], -2, 2, 3) as tf.Tensor3D,
    otherCube: uniform([2, 4, 3], -2, 2, 4) as tf.Tensor3D,
    ints: tf.tensor2d([-7, -2, 0, 3, 4, 100], [2, 3], 'int32'),
    otherInts: tf.tensor2d([2, -3, 5, 3, -1, 7], [2, 3], 'int32'),
    indices: tf.tensor1d([3, 0, 4], 'int32'),
    bools: tf.tensor2d([1, 0, 1, 1, 0, 0], [2, 3], 'bool'),
    rowBools: tf.tensor1d([0, 1, 1], 'bool'),
    empty: tf.zeros([0, 3]),
    images: uniform([2, 7, 6, 3], -1, 1, 5) as tf.Tensor4D,
    filter: uniform([3, 3, 3, 4], -1, 1, 6) as tf.Tensor4D,
    pointwiseFilter: uniform([1, 1, 3, 5], -1, 1, 7) as tf.Tensor4D,
    depthwiseFilter: uniform([3, 3, 3, 1], -1, 1, 8) as tf.Tensor4D,
    twoPerChannel: uniform([3, 3, 3, 2], -1, 1, 9) as tf.Tensor4D,
    bias: tf.tensor1d([-1, 0, 0.5, 4]),
  };
}
