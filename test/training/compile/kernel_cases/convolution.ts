import * as tf from '@tensorflow/tfjs';
import { ONE_DNN_VARIABLE } from '../../../../training/tensorflow_environment.ts';
import type { KernelCall, KernelCalls, KernelInputs, KernelTable } from './inputs.ts';

type Pad = 'same' | 'valid' | tf.backend_util.ExplicitPadding;

interface Window {
  readonly strides: number;
  readonly pad: Pad;
  readonly dilations: number;
}

const EXPLICIT: tf.backend_util.ExplicitPadding = [
  [0, 0],
  [1, 2],
  [0, 1],
  [0, 0],
];

/** Those that libtensorflow has gradients of, too. */
const DIFFERENTIABLE: Readonly<Record<string, Window>> = {
  'same padding': { strides: 1, pad: 'same', dilations: 1 },
  'valid padding': { strides: 1, pad: 'valid', dilations: 1 },
  'same padding, stride 2': { strides: 2, pad: 'same', dilations: 1 },
  'valid padding, stride 2': { strides: 2, pad: 'valid', dilations: 1 },
};
const WINDOWS: Readonly<Record<string, Window>> = {
  ...DIFFERENTIABLE,
  'explicit padding, stride 2': { strides: 2, pad: EXPLICIT, dilations: 1 },
  'dilation 2': { strides: 1, pad: 'same', dilations: 2 },
};

/** Without oneDNN, where the user has turned it off, libtensorflow has no dilated depthwise convolution. */
const { 'dilation 2': _, ...UNDILATED } = WINDOWS;
const DEPTHWISE_WINDOWS = process.env[ONE_DNN_VARIABLE] === '0' ? UNDILATED : WINDOWS;

function windows(
  call: (inputs: KernelInputs, window: Window) => tf.Tensor,
  named: Readonly<Record<string, Window>> = WINDOWS,
): KernelCalls {
  return Object.fromEntries(
    Object.entries(named).map(([title, window]): [string, KernelCall] => [
      title,
      (inputs) => call(inputs, window),
    ]),
  );
}

const conv2d = (x: tf.Tensor4D, filter: tf.Tensor4D, { strides, pad, dilations }: Window) =>
  tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);
const depthwise = (x: tf.Tensor4D, filter: tf.Tensor4D, { strides, pad, dilations }: Window) =>
  tf.depthwiseConv2d(x, filter, strides, pad, 'NHWC', dilations);

/** ∂/∂x or ∂/∂filter of a sum over a convolution that weighs each output by its square. */
function gradient(
  index: 0 | 1,
  convolve: (x: tf.Tensor4D, filter: tf.Tensor4D, window: Window) => tf.Tensor,
  filter: (inputs: KernelInputs) => tf.Tensor4D,
): KernelCalls {
  return windows((inputs, window) => {
    const grads = tf.grads((x, f) =>
      convolve(x as tf.Tensor4D, f as tf.Tensor4D, window)
        .square()
        .sum(),
    );
    return grads([inputs.images, filter(inputs)])[index];
  }, DIFFERENTIABLE);
}

const fused: KernelCalls = {
  ...windows(({ images, filter, bias }, { strides, pad, dilations }) =>
    tf.fused.conv2d({ x: images, filter, strides, pad, dilations, bias, activation: 'relu6' }),
  ),
  'no bias, no activation': ({ images, filter }) =>
    tf.fused.conv2d({ x: images, filter, strides: 1, pad: 'same' }),
  ...activations(({ images, filter, bias }, activation) =>
    tf.fused.conv2d({ x: images, filter, strides: 1, pad: 'same', bias, activation }),
  ),
};

const fusedDepthwise: KernelCalls = {
  ...windows(
    ({ images, depthwiseFilter, row }, { strides, pad, dilations }) =>
      tf.fused.depthwiseConv2d({
        x: images,
        filter: depthwiseFilter,
        strides,
        pad: pad as 'same', // its type lacks the explicit paddings, which it takes
        dilations: [dilations, dilations],
        bias: row,
        activation: 'relu6',
      }),
    DEPTHWISE_WINDOWS,
  ),
  'no bias, no activation': ({ images, depthwiseFilter: filter }) =>
    tf.fused.depthwiseConv2d({ x: images, filter, strides: 1, pad: 'same' }),
  ...activations(({ images, depthwiseFilter: filter, row: bias }, activation) =>
    tf.fused.depthwiseConv2d({ x: images, filter, strides: 1, pad: 'same', bias, activation }),
  ),
};

function activations(
  call: (inputs: KernelInputs, activation: 'linear' | 'relu' | 'elu' | 'sigmoid') => tf.Tensor,
): KernelCalls {
  return Object.fromEntries(
    (['linear', 'relu', 'elu', 'sigmoid'] as const).map((activation): [string, KernelCall] => [
      `bias and ${activation}`,
      (inputs) => call(inputs, activation),
    ]),
  );
}

type Pool = (
  x: tf.Tensor4D,
  size: number | [number, number],
  strides: number | [number, number],
  pad: 'same' | 'valid',
) => tf.Tensor;

const pooling = (pool: Pool): KernelCalls => ({
  'same padding': ({ images }) => pool(images, 2, 2, 'same'),
  'valid padding': ({ images }) => pool(images, 3, 2, 'valid'),
  'windows that overlap': ({ images }) => pool(images, 3, 1, 'same'),
  'windows that are not square': ({ images }) => pool(images, [2, 3], [1, 2], 'valid'),
});

const poolingGradient = (pool: Pool): KernelCalls =>
  Object.fromEntries(
    Object.entries(pooling(pool)).map(([title, call]): [string, KernelCall] => [
      title,
      (inputs) =>
        tf.grad((images) =>
          call({ ...inputs, images: images as tf.Tensor4D })
            .square()
            .sum(),
        )(inputs.images),
    ]),
  );

export const CONVOLUTION_CASES: KernelTable = {
  Conv2D: {
    ...windows(({ images, filter }, window) => conv2d(images, filter, window)),
    'a pointwise filter': ({ images, pointwiseFilter }) =>
      tf.conv2d(images, pointwiseFilter, 1, 'same'),
    'strides that differ': ({ images, filter }) => tf.conv2d(images, filter, [2, 1], 'same'),
  },
  Conv2DBackpropFilter: gradient(1, conv2d, ({ filter }) => filter),
  Conv2DBackpropInput: {
    ...gradient(0, conv2d, ({ filter }) => filter),
    'tf.conv2dTranspose': ({ images, filter }) =>
      tf.conv2dTranspose(images, filter.transpose([0, 1, 3, 2]), [2, 14, 12, 4], 2, 'same'),
  },
  DepthwiseConv2dNative: {
    ...windows(
      ({ images, depthwiseFilter }, window) => depthwise(images, depthwiseFilter, window),
      DEPTHWISE_WINDOWS,
    ),
    'two outputs a channel': ({ images, twoPerChannel }) =>
      tf.depthwiseConv2d(images, twoPerChannel, 2, 'same'),
  },
  DepthwiseConv2dNativeBackpropFilter: gradient(1, depthwise, ({ twoPerChannel }) => twoPerChannel),
  DepthwiseConv2dNativeBackpropInput: gradient(0, depthwise, ({ twoPerChannel }) => twoPerChannel),
  FusedConv2D: fused,
  FusedDepthwiseConv2D: fusedDepthwise,
  MaxPool: pooling(tf.maxPool),
  MaxPoolGrad: poolingGradient(tf.maxPool),
  AvgPool: pooling(tf.avgPool),
  AvgPoolGrad: poolingGradient(tf.avgPool),
  FusedBatchNorm: {
    'scale and offset': ({ images, row, bias }) => {
      const variance = row.square().add(0.5) as tf.Tensor1D;
      return tf.batchNorm(images, row, variance, bias.slice(0, 3), bias.slice(1, 3), 0.01);
    },
    'offset alone': ({ images, row, bias }) => {
      const variance = row.square().add(0.5) as tf.Tensor1D;
      return tf.batchNorm(images, row, variance, bias.slice(0, 3), undefined, 0.01);
    },
    'scale alone': ({ images, row, bias }) => {
      const variance = row.square().add(0.5) as tf.Tensor1D;
      return tf.batchNorm(images, row, variance, undefined, bias.slice(1, 3), 0.01);
    },
  },
};
