import { expected, QuantizationError } from './errors.ts';
import { clamp, roundHalfEven } from './rounding.ts';

/** Bytes run from 0 to 255. */
export const BYTE_MAX = 255;

/** The least normal single-precision number; smaller ones lose precision. */
export const LEAST_NORMAL_SINGLE = 2 ** -126;

export const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/** Real value of a byte: scale · (q − zeroPoint). */
export interface QuantizationParams {
  /** A single-precision number > 0: `Math.fround(scale) === scale`. */
  readonly scale: number;
  /** The integer in [0, 255] that stands for 0. */
  readonly zeroPoint: number;
}

/** Whether bytes stand for the same numbers. */
export function isSameParams(a: QuantizationParams, b: QuantizationParams): boolean {
  return a.scale === b.scale && a.zeroPoint === b.zeroPoint;
}

/** Throws unless `scale` is a normal single-precision number > 0. */
export function requireScale(name: string, scale: number): void {
  if (!(scale >= LEAST_NORMAL_SINGLE && scale < Infinity && Math.fround(scale) === scale)) {
    throw expected('a normal single-precision number > 0', name, scale);
  }
}

/** Throws unless `zeroPoint` is an integer in [0, 255]. */
export function requireZeroPoint(name: string, zeroPoint: number): void {
  if (!(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= BYTE_MAX)) {
    throw expected('integer in [0, 255]', name, zeroPoint);
  }
}

function requireParams(params: QuantizationParams): void {
  requireScale('scale', params.scale);
  requireZeroPoint('zeroPoint', params.zeroPoint);
}

/**
 * The parameters of the range [min, max] (eq. 1). The range is widened to contain 0, so that
 * 0 is a byte exactly; a range that is then [0, 0] has scale 1 and zeroPoint 0.
 *
 * @throws QuantizationError when min or max is not finite, when min > max, and when (max − min) / 255
 *   is no normal single-precision number (a width under 255 · 2⁻¹²⁶ or over 255 · 2¹²⁸)
 */
export function paramsFromRange(min: number, max: number): QuantizationParams {
  if (!Number.isFinite(min)) throw expected('a finite number', 'min of the range', min);
  if (!Number.isFinite(max)) throw expected('a finite number', 'max of the range', max);
  if (min > max) throw expected(`a number ≥ min (${min})`, 'max of the range', max);
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  if (low === high) return { scale: 1, zeroPoint: 0 };
  const scale = Math.fround((high - low) / BYTE_MAX);
  requireScale(`the scale of the range [${min}, ${max}]`, scale);
  return { scale, zeroPoint: clamp(roundHalfEven(-low / scale), 0, BYTE_MAX) };
}

/**
 * The byte that stands for the real value `x` (eq. 2):
 * clamp(roundHalfEven(x / scale) + zeroPoint, 0, 255). ±Infinity saturates.
 * @throws QuantizationError for NaN, and for parameters that no tensor can have
 */
export function quantize(x: number, params: QuantizationParams): number {
  requireParams(params);
  if (Number.isNaN(x)) throw expected('a number', 'the value to quantize', x);
  return clamp(roundHalfEven(x / params.scale) + params.zeroPoint, 0, BYTE_MAX);
}

/**
 * The real value of the byte `q`: scale · (q − zeroPoint), rounded to double.
 * @throws QuantizationError for parameters that no tensor can have
 */
export function dequantize(q: number, params: QuantizationParams): number {
  requireParams(params);
  return params.scale * (q - params.zeroPoint);
}

/**
 * `quantize` of each element: real [n] float32 → bytes [n] uint8, into `output` when given.
 * @throws QuantizationError at the first NaN, naming its index; for an `output` of another length, and
 *   for parameters that no tensor can have
 */
export function quantizeArray(
  real: Float32Array,
  params: QuantizationParams,
  output: Uint8Array = new Uint8Array(real.length),
): Uint8Array {
  requireParams(params);
  requireSameLength(real.length, output.length);
  const { scale, zeroPoint } = params;
  for (let i = 0; i < real.length; i++) {
    const x = real[i];
    if (Number.isNaN(x)) throw expected('a number', `element ${i} of the values to quantize`, x);
    output[i] = clamp(roundHalfEven(x / scale) + zeroPoint, 0, BYTE_MAX);
  }
  return output;
}

/**
 * `dequantize` of each byte, rounded to single precision: bytes [n] → real [n] float32, into `output`
 * when given.
 * @throws QuantizationError for an `output` of another length, and for parameters that no tensor can have
 */
export function dequantizeArray(
  bytes: Uint8Array,
  params: QuantizationParams,
  output: Float32Array = new Float32Array(bytes.length),
): Float32Array {
  requireParams(params);
  requireSameLength(bytes.length, output.length);
  const { scale, zeroPoint } = params;
  for (let i = 0; i < bytes.length; i++) output[i] = scale * (bytes[i] - zeroPoint);
  return output;
}

function requireSameLength(input: number, output: number): void {
  if (input !== output) throw expected(`length ${input}, that of the input,`, 'output', output);
}

/** f32(scaleIn · scaleWeight): the scale of a layer's bias and accumulator (eq. 3). */
export function accumulatorScale(scaleIn: number, scaleWeight: number): number {
  requireScale('scaleIn', scaleIn);
  requireScale('scaleWeight', scaleWeight);
  const scale = Math.fround(scaleIn * scaleWeight);
  requireScale(`scaleIn · scaleWeight (${scaleIn} · ${scaleWeight})`, scale);
  return scale;
}

/**
 * A layer's bias as int32 at scaleIn · scaleWeight, zero point 0 (eq. 3): real [M] → [M].
 * @param layer its name, for the messages
 * @param scaleWeight of all weights, or [M] of each channel's
 * @throws QuantizationError, naming layer and channel, when a value is not finite or does not fit
 *   int32, and when a scale is no normal single
 */
export function quantizeBias(
  layer: string,
  bias: ArrayLike<number>,
  scaleIn: number,
  scaleWeight: number | readonly number[],
): Int32Array {
  const scales = [scaleWeight].flat().map((each) => accumulatorScale(scaleIn, each));
  const quantized = new Int32Array(bias.length);
  for (let channel = 0; channel < bias.length; channel++) {
    const scale = scales[channel % scales.length];
    const value = roundHalfEven(bias[channel] / scale);
    if (!(value >= INT32_MIN && value <= INT32_MAX)) {
      throw new QuantizationError(
        `Expected a bias that fits int32 at scale ${scale} for channel ${channel} of ${layer} ` +
          `but received ${bias[channel]}, which is ${value}`,
        {
          remedy:
            'A batch norm with a variance near 0 makes such biases: ' +
            'fold it with zero-variance handling "mean", or widen the layer\'s input range.',
        },
      );
    }
    quantized[channel] = value;
  }
  return quantized;
}
