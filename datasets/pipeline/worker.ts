/** A worker thread of `InputWorkers`: prepares the chunks that it is sent. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { ChunkTask, PreparedChunk } from './chunk.ts';
import { prepareChunk } from './prepare_chunk.ts';

/** One image is decoded, on a thread of libuv's, while the one before it is resized here. */
const DECODED_AT_ONCE = 2;

// Several images are decoded at a time; threads within each would only take turns with them.
// Where sharp is missing, `decodeImage` says so; images that are stored as pixels need none.
await import('sharp').then(
  ({ default: sharp }) => sharp.concurrency(1),
  () => undefined,
);

export async function run(task: ChunkTask): Promise<PreparedChunk> {
  const chunk = await prepareChunk(task, DECODED_AT_ONCE);
  if (task.into !== undefined) return chunk; // shared
  // The images' memory changes hands: it is not copied.
  const handedOver = { [transferableSymbol]: [chunk.images.buffer], [valueSymbol]: chunk };
  return move(handedOver) as unknown as PreparedChunk;
}
