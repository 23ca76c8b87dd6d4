/** Fuzzes the readers in a thread of its own; the caller watches `progress` and can end it. */
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { type Finding, fuzzOnce } from './fuzz.ts';
import { fuzzedReaders } from './readers.ts';

export interface FuzzWork {
  readonly folder: string;
  readonly inputs: number;
  /** Two int32 that the caller reads: inputs done, and 1 once the readers are made. */
  readonly progress: SharedArrayBuffer;
}

const { folder, inputs, progress } = workerData as FuzzWork;
const done = new Int32Array(progress);
await tf.ready();
const readers = await fuzzedReaders(folder);
done[1] = 1;
const findings: Finding[] = [];
for (let index = 0; index < inputs; index++) {
  const finding = await fuzzOnce(
    readers[index % readers.length]!,
    Math.floor(index / readers.length),
  );
  if (finding !== undefined) findings.push(finding);
  done[0] = index + 1;
}
parentPort!.postMessage(findings);
