import type { SqnrStatistics } from './analysis.ts';
import { decibels, quantile } from './decibels.ts';
import { EnergyMeter, type EnergySums, joinedEnergies, pooledDb } from './energy_meter.ts';

/** Signal and noise over images, and the ratio of each image in decibels, in any order. */
export interface SqnrSums extends EnergySums {
  readonly imagesDb: readonly number[];
}

/** Collects signal and noise of one tensor, image by image; sums are exact. */
export class SqnrMeter extends EnergyMeter {
  private readonly images: number[] = [];

  override add(signalEnergy: number, noiseEnergy: number): void {
    super.add(signalEnergy, noiseEnergy);
    this.images.push(decibels(signalEnergy, noiseEnergy));
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

  override sums(): SqnrSums {
    return { ...super.sums(), imagesDb: [...this.images] };
  }

  statistics(): SqnrStatistics {
    return sqnrStatistics(this.sums());
  }
}

export function joinedSqnr(a: SqnrSums, b: SqnrSums): SqnrSums {
  return { ...joinedEnergies(a, b), imagesDb: [...a.imagesDb, ...b.imagesDb] };
}

/** They do not depend on the images' order: means are taken in ascending order. */
export function sqnrStatistics(sums: SqnrSums): SqnrStatistics {
  const { imagesDb } = sums;
  const finite = Float64Array.from(imagesDb.filter(Number.isFinite)).sort();
  const losslessImages = imagesDb.filter((db) => db === Infinity).length;
  const pooled = pooledDb(sums);
  // Every image lossless, or without signal: each figure is that one.
  const all = finite.length > 0 ? finite : [pooled];
  const meanDb = finite.length > 0 ? mean(finite) : pooled;
  return {
    meanDb,
    standardDeviationDb:
      finite.length > 0 ? Math.sqrt(mean(finite.map((db) => (db - meanDb) ** 2))) : 0,
    minDb: all[0],
    lowerQuartileDb: quantile(all, 0.25),
    medianDb: quantile(all, 0.5),
    upperQuartileDb: quantile(all, 0.75),
    maxDb: all[all.length - 1],
    pooledDb: pooled,
    losslessImages,
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
