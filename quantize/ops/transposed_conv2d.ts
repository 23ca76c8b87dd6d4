import { QuantizationError } from '../params/errors.ts';
import { requireZeroPoint } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import {
  requireDisjoint,
  requireEqual,
  requireLength,
  requireNatural,
  requirePositive,
  requireRequantization,
  requireShape,
} from './check.ts';
import { type ConvolutionCall, convolutionCall } from './convolution.ts';
import type { Operation } from './operation.ts';
import { requantizeArray } from './requantization.ts';
import { CountPair } from './schema.ts';
import type { NodeBase } from './tensor.ts';
import { checkWeights, type WeightedFields, weightedHeader, weightedSince } from './weights.ts';
import { positionIndex } from './window.ts';

/** Its padding are rows and columns that are cut off the output; weights: [kh, kw, C, M]. */
export interface TransposedConv2dNode extends NodeBase<'transposedConv2d'>, WeightedFields {
  /** Rows below and columns to the right that no window reaches further; absent where there are none. */
  readonly outputPadding?: readonly [number, number];
}

/**
 * padding: rows and columns of the whole output, [(H − 1) · stride + kh, …], above and left of the call's;
 * below and right are what the shapes leave. filterShape: [kh, kw, C, M]
 */
export type TransposedConv2dCall = Omit<ConvolutionCall, 'dilations'>;

/**
 * A transposed convolution: each position of the input puts its window, times its values, at stride · position
 * of the output. Sums and requantization are those of a convolution (eq. 4 and 5).
 */
export const transposedConv2d: Operation<TransposedConv2dNode, TransposedConv2dCall> = {
  since: 2,
  sinceOf: (node) => (weightedSince(node) === 3 ? 3 : 2),
  header: weightedHeader('transposedConv2d').extend({ outputPadding: CountPair.exactOptional() }),
  arity: 'one',
  outputRange: 'observed',

  outputShape({ weights, strides, padding, outputPadding = [0, 0] }, [{ shape }]) {
    const [kernelHeight, kernelWidth, , outputs] = weights.shape;
    const { top, bottom, left, right } = padding;
    return [
      (shape[0] - 1) * strides[0] + kernelHeight - top - bottom + outputPadding[0],
      (shape[1] - 1) * strides[1] + kernelWidth - left - right + outputPadding[1],
      outputs,
    ];
  },

  checkNode(node, [input]) {
    const { name, weights, strides, outputPadding = [0, 0] } = node;
    if (outputPadding.some((extra, axis) => extra >= strides[axis])) {
      throw new QuantizationError(
        `Expected an output padding below the strides [${strides}] in ${name} but received [${outputPadding}]`,
      );
    }
    const [kernelHeight, kernelWidth, depth] = weights.shape;
    // An output gets a part of the taps.
    checkWeights(node, input, input.shape[2], kernelHeight * kernelWidth * depth);
  },

  macs({ weights, output, strides, padding, outputPadding = [0, 0] }) {
    // Each position of the input meets each weight: the output's shape, turned around.
    const [kernelHeight, kernelWidth, depth, filters] = weights.shape;
    const { top, bottom, left, right } = padding;
    const rows = output.shape[0] + top + bottom - outputPadding[0] - kernelHeight;
    const columns = output.shape[1] + left + right - outputPadding[1] - kernelWidth;
    const positions = (rows / strides[0] + 1) * (columns / strides[1] + 1);
    return positions * kernelHeight * kernelWidth * depth * filters;
  },

  call: convolutionCall,
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    const { inputShape, filterShape, outputShape, strides, padding } = call;
    requireShape('inputShape', inputShape);
    requireShape('filterShape', filterShape);
    requireShape('outputShape', outputShape);
    requirePositive('strides[0]', strides[0]);
    requirePositive('strides[1]', strides[1]);
    requireNatural('padding.top', padding.top);
    requireNatural('padding.left', padding.left);
    requireLength('input', call.input, elements(inputShape));
    requireLength('filter', call.filter, elements(filterShape));
    requireLength('bias', call.bias, outputShape[3]);
    requireLength('output', call.output, elements(outputShape));
    requireEqual('filterShape[2]', filterShape[2], 'inputShape[3]', inputShape[3]);
    requireEqual('outputShape[3]', outputShape[3], 'filterShape[3]', filterShape[3]);
    requireEqual('outputShape[0]', outputShape[0], 'inputShape[0]', inputShape[0]);
    requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
    requireZeroPoint('filterZeroPoint', call.filterZeroPoint);
    requireRequantization(call, outputShape[3]);
    requireDisjoint('input', call.input, call.output);
  },

  compute(call) {
    const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
    const { strides, padding, outputShape } = call;
    const [batch, height, width, channels] = inputShape;
    const [kernelHeight, kernelWidth, , filters] = filterShape;
    const accumulators = new Int32Array(filters);
    for (let n = 0; n < batch; n++) {
      for (let y = 0; y < outputShape[1]; y++) {
        for (let x = 0; x < outputShape[2]; x++) {
          // eq. 4 over the taps that bring an input position here
          accumulators.set(call.bias);
          for (let ky = 0; ky < kernelHeight; ky++) {
            const iy = (y + padding.top - ky) / strides[0];
            if (!(Number.isInteger(iy) && iy >= 0 && iy < height)) continue;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const ix = (x + padding.left - kx) / strides[1];
              if (!(Number.isInteger(ix) && ix >= 0 && ix < width)) continue;
              const from = positionIndex(inputShape, n, iy, ix);
              for (let c = 0; c < channels; c++) {
                const difference = input[from + c] - inputZeroPoint;
                const row = positionIndex(filterShape, ky, kx, c);
                for (let m = 0; m < filters; m++) {
                  accumulators[m] += difference * (filter[row + m] - filterZeroPoint);
                }
              }
            }
          }
          requantizeArray(accumulators, call, call.output, positionIndex(outputShape, n, y, x));
        }
      }
    }
  },
};
