import * as z from 'zod';
import { expected, QuantizationError } from '../params/errors.ts';
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

export interface Conv2dNode extends NodeBase<'conv2d'>, ConvolutionFields {
  /** Into how many runs of channels of one length the input falls, each with its own outputs; absent of one. */
  readonly groups?: number;
}

/** filterShape: [kh, kw, C / groups, M]: the shapes say how many groups there are. */
export type Conv2dCall = ConvolutionCall;

const LEAST_GROUPS = 2;

/** Groups of a call's channels: output m reads those of group ⌊m · groups / M⌋. */
export function groupsOf({ inputShape, filterShape }: Conv2dCall): number {
  return inputShape[3] / filterShape[2];
}

/** Each window times each filter (eq. 4), requantized (eq. 5). */
export const conv2d: Operation<Conv2dNode, Conv2dCall> = {
  since: 1,
  sinceOf(node) {
    const since = convolutionSince(node);
    return node.groups !== undefined && since === 1 ? 2 : since;
  },
  header: convolutionHeader('conv2d').extend({
    groups: z.number().int().min(LEAST_GROUPS).exactOptional(),
  }),
  arity: 'one',
  outputRange: 'observed',

  outputShape(node, [{ shape }]) {
    return [...convolutionPositions(node, shape), node.weights.shape[3]];
  },

  checkNode(node, [input]) {
    const [kernelHeight, kernelWidth, depth] = node.weights.shape;
    const { groups = 1, name } = node;
    const [, , channels] = input.shape;
    if (channels % groups !== 0 || node.weights.shape[3] % groups !== 0) {
      throw new QuantizationError(
        `Expected input and output channels in ${groups} equal groups in ${name} but received ${channels} and ${node.weights.shape[3]}`,
      );
    }
    checkWeights(node, input, channels / groups, kernelHeight * kernelWidth * depth);
  },

  macs({ weights, output }) {
    const [kernelHeight, kernelWidth, depth, filters] = weights.shape;
    return output.shape[0] * output.shape[1] * filters * kernelHeight * kernelWidth * depth;
  },

  call: convolutionCall,
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    checkConvolution(call);
    const [, , depth, filters] = call.filterShape;
    const groups = groupsOf(call);
    if (!Number.isInteger(groups)) {
      throw expected(`a divisor of inputShape[3] = ${call.inputShape[3]}`, 'filterShape[2]', depth);
    }
    if (filters % groups !== 0) {
      throw expected(`a multiple of the ${groups} groups`, 'filterShape[3]', filters);
    }
    requireEqual('outputShape[3]', call.outputShape[3], 'filterShape[3]', filters);
  },

  compute(call) {
    const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
    const [kernelHeight, kernelWidth, depth, outputChannels] = filterShape;
    const groups = groupsOf(call);
    const filters = outputChannels / groups;
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
            for (let g = 0; g < groups; g++) {
              for (let c = 0; c < depth; c++) {
                const difference = input[from + g * depth + c] - inputZeroPoint;
                const row = positionIndex(filterShape, ky, kx, c);
                for (let m = g * filters; m < (g + 1) * filters; m++) {
                  accumulators[m] += difference * (filter[row + m] - filterZeroPoint);
                }
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
