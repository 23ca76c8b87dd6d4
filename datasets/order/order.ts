import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { skipN } from 'pure-rand/utils/skipN';
import { UserError } from '../../foundation/errors.ts';

/** Seeds are the generator's 32 bits of state; a larger one would silently repeat a smaller one. */
export const SEEDS = 2 ** 32;

/**
 * pure-rand places the seed in the state as it is, so near seeds begin with near outputs;
 * after this many steps the orders of near seeds agree no more often than chance (see the test).
 */
const WARM_UP_STEPS = 64;

/** Which images of an ordered set are used. */
export interface Selection {
  readonly among?: Uint32Array | undefined;
  readonly seed?: number | undefined;
  readonly skip?: number | undefined;
  readonly limit?: number | undefined;
}

/**
 * Indices 0 … count − 1, shuffled by Fisher–Yates (Knuth, TAOCP 3.4.2, algorithm P) with
 * xoroshiro128+. Integers alone are involved, so a seed gives the same order on every machine.
 * Throws UserError unless `seed` is an integer in [0, 2³²).
 */
export function shuffledOrder(count: number, seed: number): Uint32Array {
  checkInteger('seed', seed, 0, SEEDS - 1);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const generator = xoroshiro128plus(seed);
  skipN(generator, WARM_UP_STEPS);
  for (let last = count - 1; last > 0; last--) {
    const chosen = uniformInt(generator, 0, last);
    const index = order[last];
    order[last] = order[chosen];
    order[chosen] = index;
  }
  return order;
}

/**
 * The first `limit` indices after the first `skip` of the order that `seed` gives to 0 … count − 1, or
 * to the indices `among` these; of 0, 1, 2 … without a seed. Throws UserError for a negative or
 * fractional number.
 */
export function selectIndices(count: number, selection: Selection): Uint32Array {
  const { among, seed, skip = 0, limit = Number.MAX_SAFE_INTEGER } = selection;
  checkInteger('skip', skip, 0);
  checkInteger('limit', limit, 0);
  const chosen = among ?? Uint32Array.from({ length: count }, (_, index) => index);
  const order =
    seed === undefined ? chosen : shuffledOrder(chosen.length, seed).map((place) => chosen[place]);
  return order.subarray(skip, skip + limit);
}

/** Throws UserError unless `value` is an integer in [low, high]. */
export function checkInteger(
  name: string,
  value: number,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `in [${low}, ${high}]`;
  throw new UserError(
    `Expected an integer ${range} for ${name} but received ${value} of type ${typeof value}`,
  );
}

/**
 * Compares by Unicode code point, as a C locale sorts UTF-8. JavaScript's own order is by UTF-16
 * unit and puts U+1F600 (units from 0xD800) before U+FF5E.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return surrogatesLast(unitA) - surrogatesLast(unitB);
  }
  return a.length - b.length;
}

/** Moves surrogates (code points from U+10000) behind every other UTF-16 unit. */
function surrogatesLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
