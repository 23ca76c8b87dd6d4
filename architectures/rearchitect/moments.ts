import { RearchitectError } from './errors.ts';

/** Sums over positions of images; φ: features [C], t: targets [M]. */
export interface MomentSums {
  /** Σ φφᵀ, [C, C] */
  readonly gram: Float64Array;
  /** Σ φtᵀ, [C, M] */
  readonly cross: Float64Array;
  /** Σ φ, [C] */
  readonly features: Float64Array;
  /** Σ t, [M] */
  readonly targets: Float64Array;
  /** Σ t², [M] */
  readonly squaredTargets: Float64Array;
  /** Σ uφ of each feature and what it approximates, u, [C] */
  readonly activated: Float64Array;
  /** Σ u, [C] */
  readonly activatedSum: Float64Array;
}

export const MOMENT_NAMES = [
  'gram',
  'cross',
  'features',
  'targets',
  'squaredTargets',
  'activated',
  'activatedSum',
] as const satisfies readonly (keyof MomentSums)[];

/** The sums of a batch, each as one or several terms of these lengths. */
export interface BatchMoments {
  readonly positions: number;
  readonly terms: Readonly<Record<keyof MomentSums, readonly ArrayLike<number>[]>>;
}

/**
 * First and second moments of features and targets: all that a linear regression needs of its data,
 * in memory that does not grow with them. Sums are double.
 */
export class Moments {
  /** C. */
  readonly inputs: number;
  /** M. */
  readonly outputs: number;
  positions = 0;
  private readonly sums: MomentSums;

  constructor(inputs: number, outputs: number) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.sums = {
      gram: new Float64Array(inputs * inputs),
      cross: new Float64Array(inputs * outputs),
      features: new Float64Array(inputs),
      targets: new Float64Array(outputs),
      squaredTargets: new Float64Array(outputs),
      activated: new Float64Array(inputs),
      activatedSum: new Float64Array(inputs),
    };
  }

  /** @throws RearchitectError where a sum is not finite */
  add({ positions, terms }: BatchMoments): void {
    this.positions += positions;
    for (const name of MOMENT_NAMES) {
      for (const term of terms[name]) addTo(this.sums[name], term);
      if (areFinite(this.sums[name])) continue;
      throw new RearchitectError(
        `Expected finite activations but the sums over ${this.positions} positions (${name}) are not`,
        { remedy: 'The network overflows or holds NaN: check its weights.' },
      );
    }
  }

  /** Both together. */
  plus(other: Moments): Moments {
    const both = new Moments(this.inputs, this.outputs);
    for (const part of [this, other]) {
      both.positions += part.positions;
      for (const name of MOMENT_NAMES) addTo(both.sums[name], part.sums[name]);
    }
    return both;
  }

  /** The same features with only the targets `columns`. */
  withTargets(columns: readonly number[]): Moments {
    const part = new Moments(this.inputs, columns.length);
    part.positions = this.positions;
    for (const name of ['gram', 'features', 'activated', 'activatedSum'] as const) {
      part.sums[name].set(this.sums[name]);
    }
    for (const name of ['cross', 'targets', 'squaredTargets'] as const) {
      const [whole, picked] = [this.sums[name], part.sums[name]];
      for (let i = 0; i < picked.length; i++) {
        const row = Math.floor(i / columns.length);
        picked[i] = whole[row * this.outputs + columns[i % columns.length]];
      }
    }
    return part;
  }

  /** φ̄, [C] */
  featureMeans(): Float64Array {
    return this.sums.features.map((sum) => sum / this.positions);
  }

  /** t̄, [M] */
  targetMeans(): Float64Array {
    return this.sums.targets.map((sum) => sum / this.positions);
  }

  /**
   * Whether the targets differ between positions by more than rounding: at a single position, as few
   * small images leave of the last layers, they cannot.
   */
  targetsVary(): boolean {
    const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
    return sum(this.targetScatter()) > SQUARE_ROUNDING * sum(this.sums.squaredTargets);
  }

  /** Features that had one value at all positions, up to rounding. */
  constantFeatures(): number[] {
    const scatter = this.featureScatter();
    return Array.from({ length: this.inputs }, (_, c) => c).filter(
      (c) => scatter[c * this.inputs + c] === 0,
    );
  }

  /** Σ (φ − φ̄)(φ − φ̄)ᵀ, [C, C] */
  featureScatter(): Float64Array {
    const { gram, features } = this.sums;
    const scatter = centred(gram, features, features, this.positions);
    // What double rounding leaves of a feature that is constant is not a variance.
    for (let c = 0; c < this.inputs; c++) {
      const diagonal = c * this.inputs + c;
      if (scatter[diagonal] > ROUNDING * gram[diagonal]) continue;
      for (let other = 0; other < this.inputs; other++) {
        scatter[c * this.inputs + other] = 0;
        scatter[other * this.inputs + c] = 0;
      }
    }
    return scatter;
  }

  /** Σ (φ − φ̄)(t − t̄)ᵀ, [C, M] */
  crossScatter(): Float64Array {
    const { cross, features, targets } = this.sums;
    return centred(cross, features, targets, this.positions);
  }

  /** Σ (t − t̄)², [M] */
  targetScatter(): Float64Array {
    const { squaredTargets, targets } = this.sums;
    return squaredTargets.map((sum, m) => Math.max(0, sum - targets[m] ** 2 / this.positions));
  }

  /**
   * The slope of the best linear approximation of each u by its φ, cov(u, φ) / var(φ), [C]; 0 where
   * φ is constant.
   */
  activationSlopes(): Float64Array {
    const { activated, activatedSum, features } = this.sums;
    const scatter = this.featureScatter();
    return activated.map((sum, c) => {
      const variance = scatter[c * this.inputs + c];
      const covariance = sum - (activatedSum[c] * features[c]) / this.positions;
      return variance === 0 ? 0 : covariance / variance;
    });
  }
}

/** A share of Σφ² below which Σ(φ − φ̄)² is rounding: a batch's sums have 48 bits. */
const ROUNDING = 2 ** -40;
/** The same of Σt², whose squares are rounded to single precision, by 2⁻²⁴ at most. */
const SQUARE_ROUNDING = 2 ** -23;

function centred(
  products: Float64Array,
  a: Float64Array,
  b: Float64Array,
  positions: number,
): Float64Array {
  const result = products.slice();
  for (let row = 0; row < a.length; row++) {
    const mean = a[row] / positions;
    for (let m = 0; m < b.length; m++) result[row * b.length + m] -= mean * b[m];
  }
  return result;
}

function addTo(sum: Float64Array, term: ArrayLike<number>): void {
  for (let i = 0; i < sum.length; i++) sum[i] += term[i];
}

/** A sum of finite numbers may overflow, one that holds NaN or ∞ cannot be finite. */
function areFinite(values: Float64Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return Number.isFinite(sum);
}
