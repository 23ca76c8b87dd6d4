/** A worker thread of `ExecutorPool`: decodes the model once, then runs what it is sent. */
import { move, workerData } from 'piscina';
import { selectKernels } from '../kernels/select.ts';
import { decodeTf8 } from '../model/tf8_file.ts';
import { Tf8Executor } from './executor.ts';
import type { WorkerSetup, WorkerTask } from './worker_protocol.ts';

let executor: Promise<Tf8Executor> | undefined;

export async function run({ images }: WorkerTask): Promise<Float32Array> {
  executor ??= start(workerData as WorkerSetup);
  return move((await executor).runFloat(images)) as unknown as Float32Array;
}

async function start({ file, tier }: WorkerSetup): Promise<Tf8Executor> {
  // SubtleCrypto and TextDecoder refuse shared memory: the worker decodes a copy.
  const model = await decodeTf8(new Uint8Array(file).slice(), 'the model of this worker');
  return new Tf8Executor(model, selectKernels(tier).kernels);
}
