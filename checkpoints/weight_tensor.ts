import { createHash } from 'node:crypto';
import { littleEndian } from '../foundation/little_endian.ts';

/** A weight of a network outside of tfjs. */
export interface WeightTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/**
 * SHA-256 over named tensors, independent of the file they came in: for each name in the order of
 * its UTF-16 code units, the line `<name> [<d0>,<d1>,…]\n` in UTF-8, then the values as
 * little-endian float32.
 */
export function sha256OfTensors(tensors: ReadonlyMap<string, WeightTensor>): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const { shape, values } = tensors.get(name)!;
    hash.update(`${name} [${shape}]\n`);
    hash.update(littleEndian(values, 'float32'));
  }
  return hash.digest('hex');
}
