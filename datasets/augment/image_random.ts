import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** 2³² / φ, odd: the increment of SplitMix (Steele, Lea, Flood 2014), here in 32 bits. */
const GOLDEN = 0x9e3779b9;

/**
 * Random numbers of one image, a pure function of a seed and the image's place in the order. The
 * generator is xoroshiro128+, as for orders; its state is hashed, because the outputs of near states
 * differ by a constant pattern, and neighbours would be flipped alike.
 */
export class ImageRandom {
  private readonly generator: RandomGenerator;

  /** @param seed, place integers in [0, 2³²) */
  constructor(seed: number, place: number) {
    // Both steps are bijections of `place`: no two images of an order share a state.
    const hash = mix(mix(seed) ^ place);
    const word = (index: number): number => mix((hash + Math.imul(index, GOLDEN)) | 0);
    this.generator = xoroshiro128plusFromState([word(1), word(2), word(3), word(4)]);
  }

  /** Uniform in [0, 1), in steps of 2⁻³². */
  unit(): number {
    return (this.generator.next() >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** An integer in [0, count), each as likely as the others, up to count / 2³². */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }
}

/** MurmurHash3's 32-bit finalizer (Appleby, public domain): a bijection in which every bit counts. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
