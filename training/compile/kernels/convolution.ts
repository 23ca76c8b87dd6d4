/** Convolutions, pooling and batch norms, NHWC. */

import * as tf from '@tensorflow/tfjs';
import type { AttrValue } from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { InvalidValueError } from '../../../foundation/errors.ts';
import {
  boolAttribute,
  dtypeAttribute,
  floatAttribute,
  intsAttribute,
  stringAttribute,
} from '../attributes.ts';
import { pad } from './arrangement.ts';
import { withBiasAndActivation } from './bias_and_activation.ts';
import { type RecordedCall, type RecordKernel, typeOf } from './kernel.ts';

const NHWC = stringAttribute('NHWC');

type Conv2DInfo = tf.backend_util.Conv2DInfo;

function convolutionAttributes(info: Conv2DInfo): Record<string, AttrValue> {
  const { type, top, bottom, left, right } = info.padInfo;
  const isExplicit = type !== 'VALID' && type !== 'SAME';
  return {
    strides: stridesAttribute(info),
    padding: stringAttribute(isExplicit ? 'EXPLICIT' : type),
    ...(isExplicit && {
      explicit_paddings: intsAttribute([0, 0, top, bottom, left, right, 0, 0]),
    }),
    dilations: intsAttribute([1, info.dilationHeight, info.dilationWidth, 1]),
    data_format: NHWC,
  };
}

function stridesAttribute({ strideHeight, strideWidth }: Conv2DInfo): AttrValue {
  return intsAttribute([1, strideHeight, strideWidth, 1]);
}

function convolutionInfo(
  xShape: number[],
  filterShape: number[],
  { strides, dilations, pad, dimRoundingMode, dataFormat = 'NHWC' }: RecordedCall['attributes'],
  depthwise: boolean,
): Conv2DInfo {
  if (dataFormat !== 'NHWC') {
    throw new InvalidValueError(
      `Expected data format NHWC for a convolution but received ${dataFormat}`,
    );
  }
  return tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

const convolution =
  (op: 'Conv2D' | 'DepthwiseConv2dNative'): RecordKernel =>
  (call) =>
    convolve(op, call);

function convolve(
  op: 'Conv2D' | 'DepthwiseConv2dNative',
  { inputs, attributes, trace }: RecordedCall,
): tf.TensorInfo {
  const { x, filter } = inputs;
  const info = convolutionInfo(x.shape, filter.shape, attributes, op !== 'Conv2D');
  let padded = x;
  let options = convolutionAttributes(info);
  if (op === 'DepthwiseConv2dNative' && options.explicit_paddings !== undefined) {
    // libtensorflow 2.15.1 ends the process where it fuses explicit paddings with a bias (tensor_format.h:
    // "Check failed: … Invalid index from the dimension").
    const { top, bottom, left, right } = info.padInfo;
    const paddings: [number, number][] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    padded = pad(x, paddings, 0, trace);
    const { explicit_paddings, ...rest } = options;
    options = { ...rest, padding: stringAttribute('VALID') };
  }
  return trace.addOne(op, [padded, filter], { ...typeOf(x), ...options }, info.outShape, x.dtype);
}

const backpropInput =
  (op: 'Conv2D' | 'DepthwiseConv2dNative'): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { dy, filter } = inputs;
    const shape: number[] = attributes.inputShape;
    const info = convolutionInfo(shape, filter.shape, attributes, op !== 'Conv2D');
    const options = { ...typeOf(dy), ...convolutionAttributes(info) };
    const operands = [trace.int32(shape), filter, dy];
    return trace.addOne(`${op}BackpropInput`, operands, options, shape, dy.dtype);
  };

const backpropFilter =
  (op: 'Conv2D' | 'DepthwiseConv2dNative'): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { x, dy } = inputs;
    const shape: number[] = attributes.filterShape;
    const info = convolutionInfo(x.shape, shape, attributes, op !== 'Conv2D');
    const options = { ...typeOf(x), ...convolutionAttributes(info) };
    const operands = [x, trace.int32(shape), dy];
    return trace.addOne(`${op}BackpropFilter`, operands, options, shape, x.dtype);
  };

/** Convolution, bias and activation, which the session fuses again where it has a kernel for it. */
const fusedConvolution =
  (op: 'Conv2D' | 'DepthwiseConv2dNative'): RecordKernel =>
  (call) =>
    withBiasAndActivation(op, convolve(op, call), call);

function poolInfo(
  xShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: RecordedCall['attributes'],
): Conv2DInfo {
  return tf.backend_util.computePool2DInfo(
    xShape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** @throws InvalidValueError for paddings in numbers: TensorFlow's pooling has none */
function poolAttributes(info: Conv2DInfo): Record<string, AttrValue> {
  const { type } = info.padInfo;
  if (type !== 'VALID' && type !== 'SAME') {
    throw new InvalidValueError(
      `Expected padding "same" or "valid" for pooling but received ${type}`,
    );
  }
  return {
    ksize: intsAttribute([1, info.filterHeight, info.filterWidth, 1]),
    strides: stridesAttribute(info),
    padding: stringAttribute(type),
    data_format: NHWC,
  };
}

const pool =
  (op: 'MaxPool' | 'AvgPool'): RecordKernel =>
  ({ inputs, attributes, trace }) => {
    const { x } = inputs;
    const info = poolInfo(x.shape, attributes);
    return trace.addOne(op, [x], { ...typeOf(x), ...poolAttributes(info) }, info.outShape, x.dtype);
  };

function maxPoolGrad({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { input } = inputs;
  const options = { ...typeOf(input), ...poolAttributes(poolInfo(input.shape, attributes)) };
  const operands = [input, inputs.output, inputs.dy];
  return trace.addOne('MaxPoolGrad', operands, options, input.shape, input.dtype);
}

function avgPoolGrad({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { input } = inputs;
  const options = { ...typeOf(input), ...poolAttributes(poolInfo(input.shape, attributes)) };
  const operands = [trace.int32(input.shape), inputs.dy];
  return trace.addOne('AvgPoolGrad', operands, options, input.shape, input.dtype);
}

/** Inference: normalizes by the statistics that it is given; without a scale that is 1, an offset 0. */
function batchNorm({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const count = x.shape.at(-1)!;
  const { scale = trace.filled(1, count), offset = trace.filled(0, count) } = inputs;
  const parameters = [scale, offset, inputs.mean, inputs.variance];
  if (x.shape.length !== 4 || parameters.some(({ shape }) => shape.length !== 1)) {
    throw new InvalidValueError(
      `Expected a batch norm of [N, H, W, C] by parameters of [C] but received an input of [${x.shape}]`,
    );
  }
  const options = {
    ...typeOf(x),
    U: dtypeAttribute('float32'),
    epsilon: floatAttribute(attributes.varianceEpsilon),
    data_format: NHWC,
    is_training: boolAttribute(false),
  };
  const channels = { shape: [count], dtype: 'float32' as const };
  const rest = Array.from({ length: 5 }, () => channels);
  return trace.add('FusedBatchNormV3', [x, ...parameters], options, [x, ...rest])[0];
}

export const CONVOLUTIONS: Readonly<Record<string, RecordKernel>> = {
  Conv2D: convolution('Conv2D'),
  Conv2DBackpropFilter: backpropFilter('Conv2D'),
  Conv2DBackpropInput: backpropInput('Conv2D'),
  DepthwiseConv2dNative: convolution('DepthwiseConv2dNative'),
  DepthwiseConv2dNativeBackpropFilter: backpropFilter('DepthwiseConv2dNative'),
  DepthwiseConv2dNativeBackpropInput: backpropInput('DepthwiseConv2dNative'),
  FusedConv2D: fusedConvolution('Conv2D'),
  FusedDepthwiseConv2D: fusedConvolution('DepthwiseConv2dNative'),
  MaxPool: pool('MaxPool'),
  MaxPoolGrad: maxPoolGrad,
  AvgPool: pool('AvgPool'),
  AvgPoolGrad: avgPoolGrad,
  FusedBatchNorm: batchNorm,
};
