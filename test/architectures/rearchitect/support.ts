import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {
  type Activation,
  activate,
  type Chain,
  type ChainLayer,
} from '../../../architectures/rearchitect/chain.ts';
import { compile } from '../../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../../training/compile/ops/double_product.ts';
import { setWeight } from '../support.ts';

/** How reconstructions are computed in earnest. */
export const COMPILED = {
  compile: (run: Parameters<typeof compile>[0]) => compile(run, { frozen: true }),
  product: transposedDoubleProduct,
};

/**
 * Gives each batch norm the statistics of what comes into it, and γ and β that let activations vary:
 * in a network of random weights they die layer by layer.
 * @param images [N, H, W, 3]
 */
export function enliven(model: tf.LayersModel, images: tf.Tensor4D): void {
  for (const layer of model.layers) {
    if (!layer.name.endsWith('/BatchNorm')) continue;
    tf.tidy(() => {
      const part = tf.model({ inputs: model.inputs, outputs: layer.input as tf.SymbolicTensor });
      const { mean, variance } = tf.moments(part.predict(images) as tf.Tensor, [0, 1, 2]);
      const channels = mean.size;
      setWeight(model, `${layer.name}/moving_mean`, [...mean.dataSync()]);
      setWeight(model, `${layer.name}/moving_variance`, [...variance.dataSync()]);
      setWeight(
        model,
        `${layer.name}/gamma`,
        Array.from({ length: channels }, (_, c) => 1 + (c % 3)),
      );
      setWeight(
        model,
        `${layer.name}/beta`,
        Array.from({ length: channels }, (_, c) => 0.5 + 0.5 * Math.sin(c)),
      );
    });
  }
}

export interface ChainShape {
  readonly activation: Activation;
  readonly depthwiseActivation: Activation;
  /** Pairs of depthwise and pointwise layers. */
  readonly pairs: number;
}

/** Numbers of a test, the same for the same seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    // Marsaglia's xorshift32.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** A small network whose channels differ in scale by up to 10⁴. */
export function randomChain(seed: number, shape: ChainShape): ChainLayer[] {
  const next = numbers(seed);
  const layers: ChainLayer[] = [];
  const add = (
    name: string,
    kind: ChainLayer['kind'],
    kernelShape: ChainLayer['kernelShape'],
    activation: Activation,
    stride = 1,
  ) => {
    const outputs = kind === 'depthwise' ? kernelShape[2] : kernelShape[3];
    const scales = Array.from({ length: outputs }, () => 10 ** (2 * next()));
    const [height, width, channels, last] = kernelShape;
    layers.push({
      name,
      kind,
      stride,
      kernelShape,
      kernel: Float64Array.from(
        { length: height * width * channels * last },
        (_, i) => next() * scales[i % outputs],
      ),
      bias: Float64Array.from({ length: outputs }, (_, i) => next() * scales[i]),
      activation,
    });
  };
  let channels = 3;
  add('conv', 'conv', [3, 3, 3, channels], shape.activation, 2);
  for (let pair = 0; pair < shape.pairs; pair++) {
    add(`dw${pair}`, 'depthwise', [3, 3, channels, 1], shape.depthwiseActivation, 1 + (pair % 2));
    add(`pw${pair}`, 'pointwise', [1, 1, channels, channels + 1], shape.activation);
    channels++;
  }
  add('logits', 'logits', [1, 1, channels, 4], 'linear');
  return layers;
}

/** Seeds of random networks. */
export const SEEDS = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** [H][W][C] in double precision. */
export type Image = number[][][];

export function randomImage(seed: number, size = 6): Image {
  const next = numbers(seed);
  return Array.from({ length: size }, () =>
    Array.from({ length: size }, () => Array.from({ length: 3 }, next)),
  );
}

/** The logits of a chain in double precision, by the definition of its layers. */
export function logitsOf(chain: Chain, image: Image): number[] {
  let x = image;
  for (const layer of chain) {
    const input = layer.kind === 'logits' ? [[meanOf(x)]] : x;
    x = convolve(layer, input);
  }
  return x[0][0];
}

function meanOf(x: Image): number[] {
  const positions = x.flat();
  return positions[0].map((_, c) => positions.reduce((sum, p) => sum + p[c], 0) / positions.length);
}

/** "Same" padding of TensorFlow: what is odd of it goes to the bottom and the right. */
function convolve({ kernel, kernelShape, bias, stride, kind, activation }: ChainLayer, x: Image) {
  const [kh, kw, channels, outputs] = kernelShape;
  const size = x.length;
  const outSize = Math.ceil(size / stride);
  const before = Math.floor(Math.max(0, (outSize - 1) * stride + kh - size) / 2);
  return Array.from({ length: outSize }, (_, row) =>
    Array.from({ length: outSize }, (_, column) =>
      Array.from(bias, (shift, m) => {
        let sum = shift;
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const pixel = x[row * stride + i - before]?.[column * stride + j - before];
            if (pixel === undefined) continue;
            const tap = (i * kw + j) * channels;
            if (kind === 'depthwise') sum += pixel[m] * kernel[tap + m];
            else {
              for (let c = 0; c < channels; c++) {
                sum += pixel[c] * kernel[(tap + c) * outputs + m];
              }
            }
          }
        }
        return activate(activation, sum);
      }),
    ),
  );
}

/** The largest difference relative to the largest value. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const values = Array.from(b);
  const largest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  return Math.max(...values.map((value, i) => Math.abs(a[i] - value))) / largest;
}
