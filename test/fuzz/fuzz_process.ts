/**
 * Fuzzes the readers in a process of its own, whose memory is theirs alone. Its parent hears of every
 * input, and can end it.
 */
import * as tf from '@tensorflow/tfjs';
import { peakBytes } from '../support/peak_memory.ts';
import { type Finding, fuzzOnce } from './fuzz.ts';
import { fuzzedReaders } from './readers.ts';

export interface FuzzProgress {
  /** Inputs read so far. */
  readonly done: number;
  /** Of the last of them. */
  readonly finding?: Finding | undefined;
  /** Most bytes of memory so far. */
  readonly peakBytes: number;
}

const [folder, inputs] = [process.argv[2], Number(process.argv[3])];
await tf.ready();
const readers = await fuzzedReaders(folder);
let peak = peakBytes();
process.send!({ done: 0, peakBytes: peak } satisfies FuzzProgress);
for (let index = 0; index < inputs; index++) {
  const seed = Math.floor(index / readers.length);
  const finding = await fuzzOnce(readers[index % readers.length], seed);
  if (index % 1000 === 0 || index === inputs - 1) peak = peakBytes();
  process.send!({ done: index + 1, finding, peakBytes: peak } satisfies FuzzProgress);
}
process.disconnect();
