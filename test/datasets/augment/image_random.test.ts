import assert from 'node:assert/strict';
import { ImageRandom } from '../../../datasets/augment/image_random.ts';

/** The first coin of each of 4000 successive images. */
function coins(seed: number): number[] {
  return Array.from({ length: 4000 }, (_, place) => new ImageRandom(seed, place).below(2));
}

function agreement(a: readonly number[], b: readonly number[]): number {
  return a.filter((coin, i) => coin === b[i]).length / a.length;
}

describe('ImageRandom', () => {
  it('gives the same numbers for the same seed and place, on every machine', () => {
    const random = new ImageRandom(1, 2);
    assert.deepEqual(
      [random.below(1000), random.below(1000), random.unit()],
      [16, 28, 0.36026304960250854],
    );
  });

  it('neighbouring images, and the images of neighbouring seeds, agree no more often than chance', () => {
    const flips = coins(7);
    for (const other of [flips.slice(1), flips.slice(2), coins(8), coins(7 + 2 ** 31)]) {
      const share = agreement(flips.slice(0, other.length), other);
      assert.ok(Math.abs(share - 0.5) < 0.04, `${share}`); // Five standard deviations.
    }
    assert.ok(Math.abs(flips.reduce((sum, coin) => sum + coin) / 4000 - 0.5) < 0.04);
  });

  it('draws integers below a bound, and reals in a range, evenly', () => {
    const random = new ImageRandom(3, 0);
    const counts = [0, 0, 0, 0, 0];
    let sum = 0;
    for (let i = 0; i < 5000; i++) {
      counts[random.below(5)]++;
      const value = random.between(-2, 4);
      assert.ok(value >= -2 && value < 4);
      sum += value;
    }
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
    assert.ok(Math.abs(sum / 5000 - 1) < 0.15);
  });
});
