import { ACTIVATION } from '../../../foundation/flatbuffers/tflite_schema.ts';
import { QuantizationError } from '../../params/errors.ts';
import { BYTE_MAX, type QuantizationParams } from '../../params/quantization.ts';
import {
  type ActivationBounds,
  type ActivationKind,
  activationBounds,
} from '../../params/requantization.ts';
import { clamp, roundHalfEven } from '../../params/rounding.ts';

const KINDS = ['linear', 'relu', 'relu6'] as const;

/**
 * The fused activation whose bounds LiteRT puts where ours are: the node's own, or one that does the
 * same to these bytes.
 * @throws QuantizationError where no activation of TFLite has these bounds
 */
export function fusedActivation(
  node: string,
  activation: ActivationKind,
  output: QuantizationParams,
): number {
  const ours = activationBounds(activation, output);
  for (const kind of [activation, ...KINDS]) {
    const { low, high } = xnnpackBounds(kind, output);
    if (low === ours.low && high === ours.high) return ACTIVATION[kind];
  }
  throw new QuantizationError(
    `Expected an activation of TFLite that keeps ${node} in [${ours.low}, ${ours.high}] but ${activation} at scale ${output.scale} has a bound that rounds otherwise there`,
    { remedy: 'Calibrate with other images: the bound lies halfway between two bytes.' },
  );
}

/** As XNNPACK's `xnn_qu8_quantize` puts them: the sum with the zero point, in single precision, is rounded. */
function xnnpackBounds(kind: ActivationKind, { scale, zeroPoint }: QuantizationParams) {
  const byte = (bound: number) =>
    roundHalfEven(clamp(Math.fround(Math.fround(bound / scale) + zeroPoint), 0, BYTE_MAX));
  const bounds: ActivationBounds = {
    low: kind === 'linear' ? 0 : byte(0),
    high: kind === 'relu6' ? byte(6) : BYTE_MAX,
  };
  return bounds;
}
