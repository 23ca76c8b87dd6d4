import type { QuantizationParams } from './quantization.ts';
import { BYTE_MAX, INT32_MAX, LEAST_NORMAL_SINGLE, paramsFromRange } from './quantization.ts';
import { clamp, roundHalfEven } from './rounding.ts';

/** What a layer asks of its weights' scale beyond their range (eq. 3, 4 and 5). */
export interface WeightScaleTerms {
  readonly scaleIn: number;
  readonly inputZeroPoint: number;
  readonly scaleOut: number;
  /** max |bias|, a real number. */
  readonly biasMax: number;
  /** Products per output: kh · kw · C, or kh · kw for a depthwise convolution. */
  readonly taps: number;
}

export interface WeightParams {
  readonly params: QuantizationParams;
  /** The scale over that of the weights' own range: 1 unless it had to be raised. */
  readonly raisedBy: number;
}

/**
 * The parameters of a layer's weights: those of their own range [min, max] (eq. 1), or, where a bias
 * would leave int32 at scaleIn · scaleWeight, those of the least scale at which all biases fit, and
 * every partial sum with them (eq. 3). The accumulator's scale and the multiplier stay normal too.
 * The remedy is that of ONNX Runtime's quantizer (its pull request 22020), for a whole tensor.
 *
 * What no scale mends (a bias that is not finite, more products than int32 holds) keeps the range's
 * own scale, and is refused where the bias or the model is checked.
 */
export function weightParams(
  { min, max }: { readonly min: number; readonly max: number },
  terms: WeightScaleTerms,
): WeightParams {
  const { scaleIn, scaleOut, biasMax } = terms;
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  const own = (high - low) / BYTE_MAX;
  const zeroPoint = own === 0 ? 0 : clamp(roundHalfEven(-low / own), 0, BYTE_MAX);
  const room = biasRoom(terms, zeroPoint);
  const unraised = own === 0 ? 1 : own;
  // Half an int32 step of room may be left: the bias rounds to at most `room`.
  const least = Math.max(
    room > 0 ? biasMax / (room * scaleIn) : 0,
    LEAST_NORMAL_SINGLE,
    LEAST_NORMAL_SINGLE / scaleIn,
    (LEAST_NORMAL_SINGLE * scaleOut) / scaleIn,
  );
  if (!(least > unraised) || least > 2 ** 127) {
    return { params: paramsFromRange(min, max), raisedBy: 1 };
  }
  let scale = singleFrom(least);
  while (!fits(scale, room, terms)) scale = nextSingle(scale);
  return { params: { scale, zeroPoint }, raisedBy: scale / unraised };
}

/** What eq. 4's bound leaves for |b|: below 1 where the products alone may fill int32. */
function biasRoom({ taps, inputZeroPoint }: WeightScaleTerms, weightZeroPoint: number): number {
  return (
    INT32_MAX -
    taps *
      Math.max(inputZeroPoint, BYTE_MAX - inputZeroPoint) *
      Math.max(weightZeroPoint, BYTE_MAX - weightZeroPoint)
  );
}

function fits(
  scale: number,
  room: number,
  { scaleIn, scaleOut, biasMax }: WeightScaleTerms,
): boolean {
  const accumulator = Math.fround(scaleIn * scale);
  return (
    accumulator >= LEAST_NORMAL_SINGLE &&
    Math.fround(accumulator / scaleOut) >= LEAST_NORMAL_SINGLE &&
    (room <= 0 || roundHalfEven(biasMax / accumulator) <= room)
  );
}

/** The least single ≥ `value`, which is a normal one. */
function singleFrom(value: number): number {
  const nearest = Math.fround(value);
  return nearest >= value ? nearest : nextSingle(nearest);
}

/** The single after `value`, a normal one > 0. */
function nextSingle(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  bits.setUint32(0, bits.getUint32(0) + 1);
  return bits.getFloat32(0);
}
