/**
 * A sum of doubles that is rounded once, when it is asked for: it does not depend on the order or the
 * grouping of what was added, so that sums over shards of the images are merged without a trace. The parts
 * are doubles that do not overlap and together are the sum (Grow-Expansion of J. R. Shewchuk, Adaptive
 * Precision Floating-Point Arithmetic, 1997); sums stay below 2^1023, infinite values are kept apart.
 */
export class ExactSum {
  private readonly finite: number[] = [];
  private infinite = 0;

  constructor(parts: readonly number[] = []) {
    this.addAll(parts);
  }

  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.infinite += value;
      return;
    }
    const { finite } = this;
    let sum = value;
    let kept = 0;
    for (const part of finite) {
      const [large, small] = Math.abs(sum) < Math.abs(part) ? [part, sum] : [sum, part];
      sum = large + small;
      const error = small - (sum - large); // exact, as |large| ≥ |small|
      if (error !== 0) finite[kept++] = error;
    }
    finite.length = kept;
    finite.push(sum);
  }

  addAll(values: Iterable<number>): void {
    for (const value of values) this.add(value);
  }

  /** Doubles whose sum it is, for another sum or a file. */
  get parts(): readonly number[] {
    return this.infinite === 0 ? [...this.finite] : [this.infinite];
  }

  /** The double that is nearest, of two that are as near the even one. */
  get value(): number {
    if (this.infinite !== 0) return this.infinite;
    const { finite } = this;
    let at = finite.length - 1;
    let sum = 0;
    let error = 0;
    for (; at >= 0 && error === 0; at--) {
      const before = sum;
      sum += finite[at];
      error = finite[at] - (sum - before);
    }
    // Halfway between two doubles, the smaller parts decide.
    if (at >= 0 && Math.sign(error) === Math.sign(finite[at])) {
      const next = sum + 2 * error;
      if (next - sum === 2 * error) return next;
    }
    return sum;
  }
}

/** The sum of sums by their parts. */
export function joinedSums(...sums: readonly (readonly number[])[]): readonly number[] {
  return new ExactSum(sums.flat()).parts;
}
