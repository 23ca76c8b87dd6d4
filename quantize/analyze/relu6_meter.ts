import type { Relu6Analysis } from './analysis.ts';
import { decibels } from './decibels.ts';

const LIMIT = 6;

/** What ReLU6 takes from the outputs that ReLU would leave (arXiv 1803.08607, section 2.2). */
export class Relu6Meter {
  private values = 0;
  private clipped = 0;
  private max = 0;
  private signalEnergy = 0;
  private noiseEnergy = 0;

  /** Clips the outputs of a ReLU at 6, in place. */
  clip(rectified: Float32Array): Float32Array {
    let { clipped, max, signalEnergy, noiseEnergy } = this;
    for (let i = 0; i < rectified.length; i++) {
      const value = rectified[i];
      signalEnergy += value * value;
      if (value > max) max = value;
      if (value <= LIMIT) continue;
      clipped++;
      noiseEnergy += (value - LIMIT) ** 2;
      rectified[i] = LIMIT;
    }
    this.values += rectified.length;
    this.clipped = clipped;
    this.max = max;
    this.signalEnergy = signalEnergy;
    this.noiseEnergy = noiseEnergy;
    return rectified;
  }

  get clippingDb(): number {
    return decibels(this.signalEnergy, this.noiseEnergy);
  }

  analysis(): Relu6Analysis {
    return { clippedShare: this.clipped / this.values, linearMax: this.max };
  }
}
