import { createHash } from 'node:crypto';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { packageVersion } from '../../foundation/repository.ts';
import type { TrainingState } from './training_state.ts';

/** SHA-256 of tensors by name: names, shapes and the bytes of their values. */
export function sha256OfTensors(tensors: ReadonlyMap<string, WeightTensor>): string {
  const hash = createHash('sha256');
  for (const [name, { shape, values }] of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** What all workers of a training must begin alike with: versions, options, data, place and weights. */
export function factsOf(
  { run, step, epoch, position }: TrainingState,
  tensors: ReadonlyMap<string, WeightTensor>,
) {
  const version = packageVersion();
  return { version, run, step, epoch, position, weightsSha256: sha256OfTensors(tensors) };
}
