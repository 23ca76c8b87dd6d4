import { BYTE_MAX, dequantizeArray, type QuantizationParams } from '../params/quantization.ts';

const BYTES = Uint8Array.from({ length: BYTE_MAX + 1 }, (_, byte) => byte);

/** [256] the real value of each byte, scale · (q − zeroPoint), in single precision. */
export function realValues(params: QuantizationParams): Float32Array {
  return dequantizeArray(BYTES, params);
}
