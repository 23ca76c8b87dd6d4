import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import { UserError } from '../../foundation/errors.ts';
import { formatAmount } from '../../foundation/reporting/amounts.ts';
import { channelsOf } from './chunk.ts';

/** The network that works on a batch needs many times its memory: so much of the machine's is absurd. */
const MOST_OF_MEMORY = 1 / 4;

/**
 * Asked before memory is taken.
 * @param batch images, of `resolution` × `width` pixels and three or four channels in float32
 * @throws UserError where no machine like this one can have such a batch
 */
export function requireBatchFits(batch: {
  readonly batchSize: number;
  readonly resolution: number;
  readonly width?: number | undefined;
  readonly alpha?: boolean | undefined;
}): void {
  const { batchSize, resolution, width = resolution } = batch;
  const bytes = batchSize * resolution * width * channelsOf(batch) * Float32Array.BYTES_PER_ELEMENT;
  const memory = totalmem();
  if (bytes <= Math.min(MOST_OF_MEMORY * memory, constants.MAX_LENGTH)) return;
  throw new UserError(
    `Expected a batch that fits into memory but ${batchSize} × ${resolution} × ${width} pixels have ${formatAmount(bytes, 'bytes')}, and this machine has ${formatAmount(memory, 'bytes')}`,
    { remedy: 'Choose a smaller batch or resolution.' },
  );
}
