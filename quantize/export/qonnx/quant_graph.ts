import type { WeightedNode } from '../../model/tf8_model.ts';
import { littleEndian } from '../../params/little_endian.ts';
import type { QuantizationParams } from '../../params/quantization.ts';
import {
  isPerChannel,
  SYMMETRIC_ZERO_POINT,
  type WeightQuantization,
  weightScales,
} from '../../params/weight_quantization.ts';
import { OnnxGraph } from '../onnx/graph.ts';

/** The domain of the operator Quant. */
export const QUANT_DOMAIN = 'qonnx.custom_op.general';

const BITS = 8;
const BIAS_BITS = 32;

/** The constants of the Quant node that makes a tensor. */
export function quantParts(tensor: string) {
  return { scale: `${tensor}/scale`, zeroPoint: `${tensor}/zero_point`, bits: `${tensor}/bits` };
}

/** What the Quant node behind a constant makes of it. */
export function quantizedName(constant: string): string {
  return `${constant}/quantized`;
}

interface Quantizer {
  readonly scales: readonly number[];
  /** Of the scales, a side for each axis of the tensor; none of a number alone. */
  readonly sides: readonly number[];
  readonly zeroPoint: number;
  readonly bits: number;
  readonly signed: 0 | 1;
  /** Whether the least number of the signed ones is left out. */
  readonly narrow: 0 | 1;
}

/** An ONNX graph of real numbers, with Quant nodes. */
export class QuantGraph extends OnnxGraph {
  /** Adds Quant from real numbers to those that bytes at these parameters stand for. */
  quant(real: string, quantized: string, { scale, zeroPoint }: QuantizationParams): void {
    this.addQuant(real, quantized, quantized, {
      scales: [scale],
      sides: [],
      zeroPoint,
      bits: BITS,
      signed: 0,
      narrow: 0,
    });
  }

  /**
   * Adds Quant of a constant of weights; gives the name of what it makes. Symmetric weights are signed; with a scale a
   * channel they are narrow too, but where one is −128, as a file of another tool may have it.
   * @param perChannel the sides of scales where each channel has one
   */
  quantWeights(
    constant: string,
    { data, quantization }: WeightedNode['weights'],
    perChannel: readonly number[],
  ): string {
    const { zeroPoint } = quantization;
    const isSigned = zeroPoint === SYMMETRIC_ZERO_POINT;
    const hasChannels = isPerChannel(quantization);
    return this.addQuant(constant, quantizedName(constant), constant, {
      scales: weightScales(quantization),
      sides: hasChannels ? perChannel : [],
      zeroPoint: isSigned ? 0 : zeroPoint,
      bits: BITS,
      signed: isSigned ? 1 : 0,
      narrow: hasChannels && !data.includes(0) ? 1 : 0,
    });
  }

  /** Adds Quant of a constant of biases, [M]; gives the name of what it makes. */
  quantBias(constant: string, quantization: WeightQuantization): string {
    const scales = weightScales(quantization);
    return this.addQuant(constant, quantizedName(constant), constant, {
      scales,
      sides: isPerChannel(quantization) ? [scales.length] : [],
      zeroPoint: 0,
      bits: BIAS_BITS,
      signed: 1,
      narrow: 0,
    });
  }

  /** @param named what the constants are called after */
  private addQuant(
    real: string,
    output: string,
    named: string,
    { scales, sides, zeroPoint, bits, signed, narrow }: Quantizer,
  ): string {
    const parts = quantParts(named);
    const number = (name: string, value: number) =>
      this.constant(name, 'float', [], littleEndian(Float32Array.of(value)));
    this.constant(parts.scale, 'float', sides, littleEndian(Float32Array.from(scales)));
    number(parts.zeroPoint, zeroPoint);
    number(parts.bits, bits);
    const inputs = [real, parts.scale, parts.zeroPoint, parts.bits];
    const attributes = { signed, narrow, rounding_mode: 'ROUND' };
    this.node('Quant', inputs, output, attributes, QUANT_DOMAIN);
    return output;
  }
}
