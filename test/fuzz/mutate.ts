import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Whole numbers in [least, most], the same for the same seed. */
export type Draw = (least: number, most: number) => number;

export function drawFrom(seed: number): Draw {
  const generator = xoroshiro128plus(seed);
  return (least, most) => uniformInt(generator, least, most);
}

/** What lengths, sizes and counts are attacked with. */
const LENGTHS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Mutation = (bytes: Uint8Array, draw: Draw, others: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, draw) {
    const changed = bytes.slice();
    for (let flips = draw(1, 8); flips > 0; flips--) {
      changed[draw(0, bytes.length - 1)] ^= 1 << draw(0, 7);
    }
    return changed;
  },
  function cutOff(bytes, draw) {
    return bytes.slice(0, draw(0, bytes.length - 1));
  },
  function cutOut(bytes, draw) {
    const start = draw(0, bytes.length - 1);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(draw(start, bytes.length))]);
  },
  function repeat(bytes, draw) {
    const start = draw(0, bytes.length - 1);
    const end = draw(start, Math.min(bytes.length, start + 64));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  function splice(bytes, draw, others) {
    const other = others[draw(0, others.length - 1)];
    const head = bytes.subarray(0, draw(0, bytes.length));
    return Buffer.concat([head, other.subarray(draw(0, other.length))]);
  },
  function attackLength(bytes, draw) {
    const changed = bytes.slice();
    const view = new DataView(changed.buffer, changed.byteOffset, changed.byteLength);
    const width = [1, 2, 4, 8][draw(0, 3)];
    if (width > changed.length) return changed;
    const at = draw(0, changed.length - width);
    const value = LENGTHS[draw(0, LENGTHS.length - 1)];
    if (width === 8) view.setBigUint64(at, BigInt(value) << BigInt(draw(0, 32)), true);
    else for (let byte = 0; byte < width; byte++) changed[at + byte] = value >>> (8 * byte);
    return changed;
  },
  /** A number in text: 17 becomes 1700000000 or -17. */
  function attackDigits(bytes, draw) {
    const digits = [...bytes.keys()].filter((at) => bytes[at] >= 0x30 && bytes[at] <= 0x39);
    if (digits.length === 0) return bytes.slice(0, -1);
    const at = digits[draw(0, digits.length - 1)];
    const put = ['00000000', '-', 'e9', '.5', '999'][draw(0, 4)];
    const from = at + (put === '-' ? 0 : 1);
    return Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from)]);
  },
  function overwrite(bytes, draw) {
    const changed = bytes.slice();
    const start = draw(0, bytes.length - 1);
    return changed.fill(draw(0, 255), start, draw(start, Math.min(bytes.length, start + 32)));
  },
];

/** A corpus with one of its files changed, once or a few times. */
export function mutated(corpus: readonly Uint8Array[], draw: Draw): Uint8Array {
  let bytes: Uint8Array = corpus[draw(0, corpus.length - 1)];
  for (let times = draw(1, 3); times > 0 && bytes.length > 0; times--) {
    bytes = MUTATIONS[draw(0, MUTATIONS.length - 1)](bytes, draw, corpus);
  }
  return bytes;
}
