import { clamp } from '../../params/rounding.ts';
import { checkGlobalAveragePool, checkPool2d } from '../check_call.ts';
import type { GlobalAveragePoolCall, Pool2dCall } from '../kernels.ts';
import { positionIndex, tapsInImage } from './window.ts';

/** eq. 6: (Σq + ⌊n/2⌋) / n in integers, rounded down. */
function roundedMean(sum: number, n: number): number {
  return Math.floor((sum + Math.floor(n / 2)) / n);
}

export function averagePool2d(call: Pool2dCall): void {
  checkPool2d(call);
  const { input, inputShape, low, high, output, outputShape } = call;
  const [batch, outputHeight, outputWidth, channels] = outputShape;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        const taps = tapsInImage(call, call.windowShape, y, x);
        const to = positionIndex(outputShape, n, y, x);
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const { iy, ix } of taps) sum += input[positionIndex(inputShape, n, iy, ix) + c];
          output[to + c] = clamp(roundedMean(sum, taps.length), low, high);
        }
      }
    }
  }
}

export function maxPool2d(call: Pool2dCall): void {
  checkPool2d(call);
  const { input, inputShape, low, high, output, outputShape } = call;
  const [batch, outputHeight, outputWidth, channels] = outputShape;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        const taps = tapsInImage(call, call.windowShape, y, x);
        const to = positionIndex(outputShape, n, y, x);
        for (let c = 0; c < channels; c++) {
          let max = 0;
          for (const { iy, ix } of taps) {
            max = Math.max(max, input[positionIndex(inputShape, n, iy, ix) + c]);
          }
          output[to + c] = clamp(max, low, high);
        }
      }
    }
  }
}

export function globalAveragePool(call: GlobalAveragePoolCall): void {
  checkGlobalAveragePool(call);
  const { input, inputShape, output } = call;
  const [batch, height, width, channels] = inputShape;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) sum += input[positionIndex(inputShape, n, y, x) + c];
      }
      output[n * channels + c] = roundedMean(sum, height * width);
    }
  }
}
