import type { Relu6Analysis } from './analysis.ts';
import { EnergyMeter, type EnergySums, joinedEnergies } from './energy_meter.ts';

const LIMIT = 6;

/** What the clip takes, over images: counts of values, the greatest one, and the energies. */
export interface Relu6Sums extends EnergySums {
  readonly values: number;
  readonly clipped: number;
  readonly max: number;
}

/** What ReLU6 takes from the outputs that ReLU would leave (arXiv 1803.08607, section 2.2). */
export class Relu6Meter {
  private readonly energies = new EnergyMeter();
  private values = 0;
  private clipped = 0;
  private max = 0;

  /**
   * Clips the outputs of a ReLU at 6, in place.
   * @param rectified [N, …]
   * @param batch N
   */
  clip(rectified: Float32Array, batch: number): Float32Array {
    const size = rectified.length / batch;
    for (let n = 0; n < batch; n++) this.clipImage(rectified, n * size, (n + 1) * size);
    this.values += rectified.length;
    return rectified;
  }

  sums(): Relu6Sums {
    const { values, clipped, max } = this;
    return { values, clipped, max, ...this.energies.sums() };
  }

  private clipImage(rectified: Float32Array, start: number, end: number): void {
    let { clipped, max } = this;
    let signal = 0;
    let noise = 0;
    for (let i = start; i < end; i++) {
      const value = rectified[i];
      signal += value * value;
      if (value > max) max = value;
      if (value <= LIMIT) continue;
      clipped++;
      noise += (value - LIMIT) ** 2;
      rectified[i] = LIMIT;
    }
    this.clipped = clipped;
    this.max = max;
    this.energies.add(signal, noise);
  }
}

export function joinedRelu6(a: Relu6Sums, b: Relu6Sums): Relu6Sums {
  return {
    values: a.values + b.values,
    clipped: a.clipped + b.clipped,
    max: Math.max(a.max, b.max),
    ...joinedEnergies(a, b),
  };
}

export function relu6Analysis({ clipped, values, max }: Relu6Sums): Relu6Analysis {
  return { clippedShare: clipped / values, linearMax: max };
}
