import { requireEqual } from './check.ts';
import {
  type ConvolutionCall,
  type ConvolutionFields,
  checkConvolution,
  convolutionCall,
  convolutionHeader,
  convolutionPositions,
  convolutionSince,
} from './convolution.ts';
import type { Operation } from './operation.ts';
import { requantizeArray } from './requantization.ts';
import type { NodeBase } from './tensor.ts';
import { checkWeights } from './weights.ts';
import { positionIndex, tapsInImage } from './window.ts';

export interface Conv2dNode extends NodeBase<'conv2d'>, ConvolutionFields {}

/** filterShape: [kh, kw, C, M] */
export type Conv2dCall = ConvolutionCall;

/** Each window times each filter (eq. 4), requantized (eq. 5). */
export const conv2d: Operation<Conv2dNode, Conv2dCall> = {
  since: 1,
  sinceOf: convolutionSince,
  header: convolutionHeader('conv2d'),
  arity: 'one',
  outputRange: 'observed',

  outputShape(node, [{ shape }]) {
    return [...convolutionPositions(node, shape), node.weights.shape[3]];
  },

  checkNode(node, [input]) {
    const [kernelHeight, kernelWidth, depth] = node.weights.shape;
    checkWeights(node, input, input.shape[2], kernelHeight * kernelWidth * depth);
  },

  macs({ weights, output }) {
    const [kernelHeight, kernelWidth, depth, filters] = weights.shape;
    return output.shape[0] * output.shape[1] * filters * kernelHeight * kernelWidth * depth;
  },

  call: convolutionCall,
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    checkConvolution(call);
    requireEqual('outputShape[3]', call.outputShape[3], 'filterShape[3]', call.filterShape[3]);
  },

  compute(call) {
    const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
    const [kernelHeight, kernelWidth, inputChannels, outputChannels] = filterShape;
    const [batch, outputHeight, outputWidth] = call.outputShape;
    // Int32Arrays: a sum is exact in double before the store brings it to int32. The converter proves
    // that it fits (eq. 4); where it does not, int32 wraps in every tier alike.
    const accumulators = new Int32Array(outputChannels);
    for (let n = 0; n < batch; n++) {
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) {
          // eq. 4: acc[m] = bias[m] + Σ (xq − zx)(wq − wz)
          accumulators.set(call.bias);
          for (const { ky, kx, iy, ix } of tapsInImage(call, [kernelHeight, kernelWidth], y, x)) {
            const from = positionIndex(inputShape, n, iy, ix);
            for (let c = 0; c < inputChannels; c++) {
              const difference = input[from + c] - inputZeroPoint;
              const row = positionIndex(filterShape, ky, kx, c);
              for (let m = 0; m < outputChannels; m++) {
                accumulators[m] += difference * (filter[row + m] - filterZeroPoint);
              }
            }
          }
          requantizeArray(
            accumulators,
            call,
            call.output,
            positionIndex(call.outputShape, n, y, x),
          );
        }
      }
    }
  },
};
