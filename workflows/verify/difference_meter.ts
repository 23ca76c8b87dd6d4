/** Of an output's range: as far apart as sums in another order come. */
export const TOLERANCE = 1e-4;
/** Of an output's greatest value: what single precision itself leaves open where that hardly changes. */
const ROUNDING = 2 ** -20;

interface Difference {
  /** From the least to the greatest value of the other program, over all images. */
  readonly range: number;
  readonly maxDifference: number;
  /** maxDifference / range. */
  readonly relativeDifference: number;
}

/** How far one output of two programs is apart, over all images. */
export class DifferenceMeter {
  private min = Infinity;
  private max = -Infinity;
  private difference = 0;

  add(ours: Float32Array, theirs: Float32Array): void {
    if (ours.length !== theirs.length) this.difference = Infinity;
    theirs.forEach((value, index) => {
      this.min = Math.min(this.min, value);
      this.max = Math.max(this.max, value);
      const difference = Math.abs(value - ours[index]);
      if (difference > this.difference) this.difference = difference;
      else if (Number.isNaN(difference)) this.difference = Infinity;
    });
  }

  isEqual(): boolean {
    const { maxDifference, relativeDifference } = this.result();
    const greatest = Math.max(Math.abs(this.min), Math.abs(this.max));
    return relativeDifference <= TOLERANCE || maxDifference <= ROUNDING * greatest;
  }

  result(): Difference {
    const range = this.max - this.min;
    const { difference: maxDifference } = this;
    const relativeDifference = maxDifference === 0 ? 0 : maxDifference / range;
    return { range, maxDifference, relativeDifference };
  }
}
