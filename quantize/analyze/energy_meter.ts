import { decibels } from './decibels.ts';
import { ExactSum, joinedSums } from './exact_sum.ts';

/** Σ signal² and Σ noise² over images, each as parts of an exact sum. */
export interface EnergySums {
  readonly signal: readonly number[];
  readonly noise: readonly number[];
}

/** Sums signal and noise of one tensor over images. */
export class EnergyMeter {
  private readonly signal = new ExactSum();
  private readonly noise = new ExactSum();

  /** Sums of squares over one image. */
  add(signalEnergy: number, noiseEnergy: number): void {
    this.signal.add(signalEnergy);
    this.noise.add(noiseEnergy);
  }

  /**
   * Adds a batch image by image.
   * @param exact [N, …]
   * @param approximation [N, …]
   * @param energies [N] Σ exact² of each image, where they are known
   */
  compare(
    exact: Float32Array,
    approximation: Float32Array,
    batch: number,
    energies: Float64Array = imageEnergies(exact, batch),
  ): void {
    const size = exact.length / batch;
    for (let n = 0; n < batch; n++) {
      let noise = 0;
      for (let i = n * size; i < (n + 1) * size; i++) {
        const error = exact[i] - approximation[i];
        noise += error * error;
      }
      this.add(energies[n], noise);
    }
  }

  sums(): EnergySums {
    return { signal: this.signal.parts, noise: this.noise.parts };
  }
}

/** 10 · log10(Σ over all images of x² / Σ over all images of noise²). */
export function pooledDb({ signal, noise }: EnergySums): number {
  return decibels(new ExactSum(signal).value, new ExactSum(noise).value);
}

export function joinedEnergies(a: EnergySums, b: EnergySums): EnergySums {
  return { signal: joinedSums(a.signal, b.signal), noise: joinedSums(a.noise, b.noise) };
}

function imageEnergies(values: Float32Array, batch: number): Float64Array {
  const energies = new Float64Array(batch);
  const size = values.length / batch;
  for (let i = 0; i < values.length; i++) energies[Math.floor(i / size)] += values[i] ** 2;
  return energies;
}
