import type { ImageShape, TensorSpec } from '../model/tf8_model.ts';
import { BYTE_MAX, type QuantizationParams } from '../params/quantization.ts';
import { roundHalfEven } from '../params/rounding.ts';
import type { TensorAnalysis } from './analysis.ts';
import { pooledDb } from './energy_meter.ts';
import { ExactSum, joinedSums } from './exact_sum.ts';

/** Exact activations [N, H, W, C], and what their bytes say. */
export interface Activations {
  readonly shape: ImageShape;
  readonly values: Float32Array;
  /** [N, H, W, C] uint8 */
  readonly bytes: Uint8Array;
  /** scale · (q − zeroPoint), rounded to single precision. */
  readonly dequantized: Float32Array;
  /** [N] Σ values² of each image. */
  readonly energies: Float64Array;
}

/** One tensor over images; energies are parts of exact sums. */
export interface TensorSums {
  /** [256] values by their nearest byte, and those outside by more than half a step. */
  readonly counts: readonly number[];
  readonly below: number;
  readonly above: number;
  /** Infinity and −Infinity of no image. */
  readonly min: number;
  readonly max: number;
  readonly signal: readonly number[];
  readonly saturation: readonly number[];
  readonly rounding: readonly number[];
}

/**
 * One tensor of exact activations against the grid of its bytes, over all images. With y' = y clamped
 * to the real values of the bytes 0 and 255, an error of quantization is (y − y') + (y' − ŷ): what
 * saturates and what is rounded. One of the two is 0 for every value, so that their energies add up.
 */
export class TensorMeter {
  private readonly shape: ImageShape;
  private readonly quantization: QuantizationParams;
  private readonly counts = new Float64Array(BYTE_MAX + 1);
  private below = 0;
  private above = 0;
  private min = Infinity;
  private max = -Infinity;
  private readonly signal = new ExactSum();
  private readonly saturation = new ExactSum();
  private readonly rounding = new ExactSum();

  constructor({ shape, quantization }: TensorSpec) {
    this.shape = shape;
    this.quantization = quantization;
  }

  /** @param values [N, H, W, C], finite */
  add(values: Float32Array, batch: number): Activations {
    const bytes = new Uint8Array(values.length);
    const dequantized = new Float32Array(values.length);
    const energies = new Float64Array(batch);
    const size = values.length / batch;
    for (let n = 0; n < batch; n++) {
      const end = (n + 1) * size;
      energies[n] = this.addImage(values, n * size, end, bytes, dequantized);
      this.signal.add(energies[n]);
    }
    return { shape: this.shape, values, bytes, dequantized, energies };
  }

  sums(): TensorSums {
    const { below, above, min, max } = this;
    return {
      counts: [...this.counts],
      below,
      above,
      min,
      max,
      signal: this.signal.parts,
      saturation: this.saturation.parts,
      rounding: this.rounding.parts,
    };
  }

  /** @returns Σ values² over [start, end) */
  private addImage(
    values: Float32Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    dequantized: Float32Array,
  ): number {
    const { counts } = this;
    const { scale, zeroPoint } = this.quantization;
    const [lowest, highest] = ends(this.quantization);
    let { min, max, below, above } = this;
    let energy = 0;
    let saturation = 0;
    let rounding = 0;
    for (let i = start; i < end; i++) {
      const value = values[i];
      energy += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
      let code = roundHalfEven(value / scale) + zeroPoint;
      if (code < 0) {
        below++;
        code = 0;
      } else if (code > BYTE_MAX) {
        above++;
        code = BYTE_MAX;
      } else {
        counts[code]++;
      }
      const real = scale * (code - zeroPoint);
      const error = value - real;
      if (value < lowest || value > highest) saturation += error * error;
      else rounding += error * error;
      bytes[i] = code;
      dequantized[i] = real;
    }
    this.min = min;
    this.max = max;
    this.below = below;
    this.above = above;
    this.saturation.add(saturation);
    this.rounding.add(rounding);
    return energy;
  }
}

export function joinedTensor(a: TensorSums, b: TensorSums): TensorSums {
  return {
    counts: a.counts.map((count, byte) => count + b.counts[byte]),
    below: a.below + b.below,
    above: a.above + b.above,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    signal: joinedSums(a.signal, b.signal),
    saturation: joinedSums(a.saturation, b.saturation),
    rounding: joinedSums(a.rounding, b.rounding),
  };
}

/** The exact values against what of them lies within the range. */
export function saturationDb({ signal, saturation }: TensorSums): number {
  return pooledDb({ signal, noise: saturation });
}

/** What lies within the range against that rounded to bytes. */
export function roundingDb({ signal, rounding }: TensorSums): number {
  return pooledDb({ signal, noise: rounding });
}

export function tensorAnalysis(
  { shape, quantization }: TensorSpec,
  { counts, below, above, min, max }: TensorSums,
): TensorAnalysis {
  const [lowest, highest] = ends(quantization);
  const total = counts.reduce((sum, count) => sum + count, below + above);
  return {
    shape,
    quantization,
    representable: { min: lowest, max: highest },
    observed: { min, max },
    // A range holds 0 whatever the values are (eq. 1): what is between them and 0 is in use.
    rangeInUse:
      (Math.min(Math.max(max, 0), highest) - Math.max(Math.min(min, 0), lowest)) /
      (highest - lowest),
    codesInUse: counts.filter((count) => count > 0).length / counts.length,
    histogram: { counts, below: below / total, above: above / total },
  };
}

/** The real values of the bytes 0 and 255. */
function ends({ scale, zeroPoint }: QuantizationParams): [number, number] {
  return [scale * (0 - zeroPoint), scale * (BYTE_MAX - zeroPoint)];
}
