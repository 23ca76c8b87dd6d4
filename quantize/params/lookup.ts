import { dequantizeArray, type QuantizationParams, quantizeArray } from './quantization.ts';

/** Every byte, in order. */
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/**
 * The table of a function of one value (eq. 10): quantize(f(dequantize(q))) for each byte q. It is
 * computed once and stored, because programs differ in the last bits of exp and tanh.
 * @throws QuantizationError where f makes NaN of a value
 */
export function lookupTable(
  f: (x: number) => number,
  input: QuantizationParams,
  output: QuantizationParams,
): Uint8Array {
  return quantizeArray(dequantizeArray(BYTES, input).map(f), output);
}
