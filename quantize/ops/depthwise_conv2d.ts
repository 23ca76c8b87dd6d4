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

export interface DepthwiseConv2dNode extends NodeBase<'depthwiseConv2d'>, ConvolutionFields {}

/** filterShape: [kh, kw, C, depthMultiplier]; C · depthMultiplier output channels */
export type DepthwiseConv2dCall = ConvolutionCall;

/** Each channel's windows times its own filters (eq. 4), requantized (eq. 5). */
export const depthwiseConv2d: Operation<DepthwiseConv2dNode, DepthwiseConv2dCall> = {
  since: 1,
  sinceOf: convolutionSince,
  header: convolutionHeader('depthwiseConv2d'),
  arity: 'one',
  outputRange: 'observed',

  outputShape(node, [{ shape }]) {
    return [...convolutionPositions(node, shape), shape[2] * node.weights.shape[3]];
  },

  checkNode(node, [input]) {
    const [kernelHeight, kernelWidth] = node.weights.shape;
    checkWeights(node, input, input.shape[2], kernelHeight * kernelWidth);
  },

  macs({ weights, output }) {
    const [kernelHeight, kernelWidth] = weights.shape;
    const [height, width, channels] = output.shape;
    return height * width * channels * kernelHeight * kernelWidth;
  },

  call: convolutionCall,
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    checkConvolution(call);
    const [, , channels, depthMultiplier] = call.filterShape;
    requireEqual('filterShape[2]', channels, 'inputShape[3]', call.inputShape[3]);
    const outputs = channels * depthMultiplier;
    requireEqual('outputShape[3]', call.outputShape[3], 'channels · depthMultiplier', outputs);
  },

  compute(call) {
    const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
    const [kernelHeight, kernelWidth, , depthMultiplier] = filterShape;
    const [batch, outputHeight, outputWidth, outputChannels] = call.outputShape;
    const accumulators = new Int32Array(outputChannels);
    for (let n = 0; n < batch; n++) {
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) {
          // eq. 4 with one input channel, ⌊m / depthMultiplier⌋, to each output channel m
          accumulators.set(call.bias);
          for (const { ky, kx, iy, ix } of tapsInImage(call, [kernelHeight, kernelWidth], y, x)) {
            const from = positionIndex(inputShape, n, iy, ix);
            const row = positionIndex(filterShape, ky, kx, 0);
            for (let m = 0; m < outputChannels; m++) {
              const difference = input[from + Math.floor(m / depthMultiplier)] - inputZeroPoint;
              accumulators[m] += difference * (filter[row + m] - filterZeroPoint);
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
