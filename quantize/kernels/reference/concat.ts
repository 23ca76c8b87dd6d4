import { BYTE_MAX } from '../../params/quantization.ts';
import { requantize } from '../../params/requantization.ts';
import { checkConcat } from '../check_call.ts';
import type { ConcatCall } from '../kernels.ts';

export function concat(call: ConcatCall): void {
  checkConcat(call);
  let to = 0;
  for (let position = 0; position < call.positions; position++) {
    for (const { data, channels, zeroPoint, multiplier } of call.inputs) {
      for (let c = 0; c < channels; c++) {
        // eq. 5 with acc = q − z, on the whole range of bytes
        const difference = data[position * channels + c] - zeroPoint;
        call.output[to] = requantize(difference, multiplier, call.outputZeroPoint, 0, BYTE_MAX);
        to++;
      }
    }
  }
}
