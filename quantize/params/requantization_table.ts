import { BYTE_MAX, type QuantizationParams } from './quantization.ts';
import { requantize, requantizeMultiplier } from './requantization.ts';

/**
 * [256]: each byte's number at other parameters, by eq. 5 with acc = q − zeroPoint.
 * @throws QuantizationError unless the scales and their ratio are normal singles
 */
export function requantizationTable(from: QuantizationParams, to: QuantizationParams): Uint8Array {
  const multiplier = requantizeMultiplier(from.scale, 1, to.scale);
  return Uint8Array.from({ length: BYTE_MAX + 1 }, (_, q) =>
    requantize(q - from.zeroPoint, multiplier, to.zeroPoint, 0, BYTE_MAX),
  );
}
