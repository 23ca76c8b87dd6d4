import type { SqnrStatistics } from './analysis.ts';
import { decibels, quantile } from './decibels.ts';

/** Collects signal and noise of one tensor, image by image; sums are in double precision. */
export class SqnrMeter {
  private readonly images: number[] = [];
  private signalEnergy = 0;
  private noiseEnergy = 0;

  /** Sums of squares over one image. */
  add(signalEnergy: number, noiseEnergy: number): void {
    this.images.push(decibels(signalEnergy, noiseEnergy));
    this.signalEnergy += signalEnergy;
    this.noiseEnergy += noiseEnergy;
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

  /**
   * Adds a batch whose approximation is bytes.
   * @param exact [N, …]
   * @param bytes [N, …]
   * @param reals [256] the real value of each byte
   * @param energies [N] Σ exact² of each image
   */
  compareBytes(
    exact: Float32Array,
    bytes: Uint8Array,
    reals: Float32Array,
    energies: Float64Array,
  ): void {
    const size = exact.length / energies.length;
    for (let n = 0; n < energies.length; n++) {
      let noise = 0;
      for (let i = n * size; i < (n + 1) * size; i++) {
        const error = exact[i] - reals[bytes[i]];
        noise += error * error;
      }
      this.add(energies[n], noise);
    }
  }

  /** 10 · log10(Σ over all images of x² / Σ over all images of noise²). */
  get pooledDb(): number {
    return decibels(this.signalEnergy, this.noiseEnergy);
  }

  statistics(): SqnrStatistics {
    const finite = Float64Array.from(this.images.filter(Number.isFinite)).sort();
    const losslessImages = this.images.filter((db) => db === Infinity).length;
    const { pooledDb } = this;
    // Every image lossless, or without signal: each figure is that one.
    const all = finite.length > 0 ? finite : [pooledDb];
    const meanDb = finite.length > 0 ? mean(finite) : pooledDb;
    return {
      meanDb,
      standardDeviationDb:
        finite.length > 0 ? Math.sqrt(mean(finite.map((db) => (db - meanDb) ** 2))) : 0,
      minDb: all[0],
      lowerQuartileDb: quantile(all, 0.25),
      medianDb: quantile(all, 0.5),
      upperQuartileDb: quantile(all, 0.75),
      maxDb: all[all.length - 1],
      pooledDb,
      losslessImages,
    };
  }
}

function imageEnergies(values: Float32Array, batch: number): Float64Array {
  const energies = new Float64Array(batch);
  const size = values.length / batch;
  for (let i = 0; i < values.length; i++) energies[Math.floor(i / size)] += values[i] ** 2;
  return energies;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
