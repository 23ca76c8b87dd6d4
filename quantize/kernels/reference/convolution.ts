import { requantize } from '../../params/requantization.ts';
import { checkConv2d, checkDepthwiseConv2d, checkFullyConnected } from '../check_call.ts';
import type { Conv2dCall, DepthwiseConv2dCall, FullyConnectedCall } from '../kernels.ts';
import { positionIndex, tapsInImage } from './window.ts';

// Accumulators are Int32Arrays: a sum is exact in double before the store brings it to int32. The
// converter proves that it fits (eq. 4); where it does not, int32 wraps in every tier alike.

export function conv2d(call: Conv2dCall): void {
  checkConv2d(call);
  const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
  const { multiplier, outputZeroPoint, low, high, output, outputShape } = call;
  const [kernelHeight, kernelWidth, inputChannels, outputChannels] = filterShape;
  const [batch, outputHeight, outputWidth] = outputShape;
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
        // eq. 5
        const to = positionIndex(outputShape, n, y, x);
        for (let m = 0; m < outputChannels; m++) {
          output[to + m] = requantize(accumulators[m], multiplier, outputZeroPoint, low, high);
        }
      }
    }
  }
}

export function depthwiseConv2d(call: DepthwiseConv2dCall): void {
  checkDepthwiseConv2d(call);
  const { input, inputShape, inputZeroPoint, filter, filterShape, filterZeroPoint } = call;
  const { multiplier, outputZeroPoint, low, high, output, outputShape } = call;
  const [kernelHeight, kernelWidth, , depthMultiplier] = filterShape;
  const [batch, outputHeight, outputWidth, outputChannels] = outputShape;
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
        // eq. 5
        const to = positionIndex(outputShape, n, y, x);
        for (let m = 0; m < outputChannels; m++) {
          output[to + m] = requantize(accumulators[m], multiplier, outputZeroPoint, low, high);
        }
      }
    }
  }
}

export function fullyConnected(call: FullyConnectedCall): void {
  checkFullyConnected(call);
  const { input, batch, inputDepth, inputZeroPoint, filter, filterZeroPoint } = call;
  const { multiplier, outputZeroPoint, low, high, output, outputDepth } = call;
  const accumulators = new Int32Array(outputDepth);
  for (let n = 0; n < batch; n++) {
    // eq. 4: acc[m] = bias[m] + Σₖ (xq − zx)(wq − wz)
    accumulators.set(call.bias);
    for (let k = 0; k < inputDepth; k++) {
      const difference = input[n * inputDepth + k] - inputZeroPoint;
      for (let m = 0; m < outputDepth; m++) {
        accumulators[m] += difference * (filter[k * outputDepth + m] - filterZeroPoint);
      }
    }
    // eq. 5
    for (let m = 0; m < outputDepth; m++) {
      const byte = requantize(accumulators[m], multiplier, outputZeroPoint, low, high);
      output[n * outputDepth + m] = byte;
    }
  }
}
