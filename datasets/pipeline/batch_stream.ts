import { NO_AUGMENTATION } from '../augment/augment.ts';
import { BatchBuilder, batchOf } from '../batch_builder.ts';
import type { BatchOptions, ImageBatch, LabelledBatch } from '../dataset.ts';
import type { ImageSet, LabelledImageSet } from '../images/image_set.ts';
import { checkCentralFraction } from '../images/preprocess.ts';
import { mapAhead } from '../map_ahead.ts';
import { checkInteger, SEEDS, selectIndices } from '../order/order.ts';
import { withinTime } from '../within_time.ts';
import { requireBatchFits } from './batch_limit.ts';
import { BatchMemory } from './batch_memory.ts';
import { channelsOf, type PreparedChunk } from './chunk.ts';
import { type Preparation, preparationFor } from './preparation.ts';

/**
 * The batches of a set of images, prepared ahead of the consumer. Memory is bounded: besides the batch
 * that the consumer has, at most `ahead` batches are under way or ready (see Preparation), and after a
 * broken image one more, which is being filled.
 *
 * An iteration that is abandoned, or ended by the signal, asks for nothing more, and tells the threads
 * at work to stop at their next image. An abandoned one has ended once they have; the signal ends it at
 * once, whatever an image that is being decoded takes.
 *
 * @param ownCentralFraction the set's, where the options have none
 * @throws (rejects) UserError for options out of range; the signal's reason; what reading throws other
 *   than ImageError, which goes to `onSkip`
 */
export function streamBatches(
  set: LabelledImageSet,
  ownCentralFraction: number,
  options: BatchOptions,
  preparation?: Preparation,
): AsyncIterable<LabelledBatch>;
export function streamBatches(
  set: ImageSet,
  ownCentralFraction: number,
  options: BatchOptions,
  preparation?: Preparation,
): AsyncIterable<ImageBatch>;
export function streamBatches(
  set: ImageSet,
  ownCentralFraction: number,
  options: BatchOptions,
  preparation?: Preparation,
): AsyncIterable<ImageBatch> {
  return {
    [Symbol.asyncIterator]() {
      const stopped = new Int32Array(new SharedArrayBuffer(4));
      const stop = (): void => {
        Atomics.store(stopped, 0, 1);
      };
      const batches = generate(set, ownCentralFraction, options, preparation, stopped);
      options.signal?.addEventListener('abort', stop, { once: true });
      const ended = (): void => options.signal?.removeEventListener('abort', stop);
      return {
        async next() {
          const result = await batches.next().catch((error: unknown) => {
            ended();
            throw error;
          });
          if (result.done) ended();
          return result;
        },
        async return() {
          stop();
          ended();
          return batches.return();
        },
      };
    },
  };
}

interface Chunk extends PreparedChunk {
  readonly indices: Uint32Array;
  /** Place in the order after the last image of the whole batch, of which the chunk may be a share. */
  readonly end: number;
  /** Place in the order of its first image. */
  readonly place: number;
  /** Memory that the images lie in, to be used again. */
  readonly into: Float32Array | undefined;
}

async function* generate(
  set: ImageSet,
  ownCentralFraction: number,
  options: BatchOptions,
  preparation: Preparation | undefined,
  stopped: Int32Array,
): AsyncGenerator<ImageBatch, void, undefined> {
  const { batchSize, resolution, skip = 0, augmentationSeed = 0, signal } = options;
  const { width = resolution, resample = 'bilinear' } = options;
  const { centralFraction = ownCentralFraction } = options;
  checkInteger('batchSize', batchSize, 1);
  checkInteger('resolution', resolution, 1);
  checkInteger('width', width, 1);
  requireBatchFits(options);
  checkCentralFraction(centralFraction);
  checkInteger('augmentationSeed', augmentationSeed, 0, SEEDS - 1);
  signal?.throwIfAborted();
  const order = selectIndices(set.count, options);
  const { prepare, ahead } = preparation ?? preparationFor(set, order.length, options);
  const common = {
    resolution,
    width,
    resample,
    centralFraction,
    augmentation: options.augmentation ?? NO_AUGMENTATION,
    augmentationSeed,
    ...(options.alpha && { alpha: true }),
    ...(options.cache && { cache: options.cache }),
    stopped,
  };
  const memory = options.reuseMemory
    ? new BatchMemory(batchSize * resolution * width * channelsOf(options))
    : undefined;
  const starts = Array.from(
    { length: Math.ceil(order.length / batchSize) },
    (_, chunk) => chunk * batchSize,
  );
  const chunks = mapAhead(starts, ahead, async (start): Promise<Chunk> => {
    const whole = order.subarray(start, start + batchSize);
    const [from, to] = options.share?.(whole.length) ?? [0, whole.length];
    const indices = whole.subarray(from, to);
    const place = skip + start + from;
    const end = skip + start + whole.length;
    const into = memory?.take();
    const source = set.source(indices);
    const task = { ...common, source, count: indices.length, place, ...(into && { into }) };
    return { ...(await withinTime(prepare(task), { signal })), indices, place, end, into };
  });
  yield* assemble(chunks, set, options, stopped, memory);
}

/** Fills batches with the images of successive chunks that are not broken. */
async function* assemble(
  chunks: AsyncIterable<Chunk>,
  set: ImageSet,
  options: BatchOptions,
  stopped: Int32Array,
  memory: BatchMemory | undefined,
): AsyncGenerator<ImageBatch, void, undefined> {
  const { batchSize, resolution, skip = 0, share, signal, onSkip, onPrepared } = options;
  const { width = resolution } = options;
  const size = [resolution, width, channelsOf(options)] as const;
  const builder = new BatchBuilder(batchSize, size);
  const length = size[0] * size[1] * size[2];
  let position = skip;
  for await (const { images, broken, spent, indices, place, end, into } of chunks) {
    signal?.throwIfAborted();
    if (Atomics.load(stopped, 0) !== 0) return; // The chunk may not be whole.
    onPrepared?.(spent);
    if (broken.length === 0 && builder.isEmpty) {
      position = end;
      const labels = set.label && Array.from(indices, (index) => set.label!(index));
      const names = Array.from(indices, (index) => set.name(index));
      yield batchOf(images, size, labels, names, position);
      memory?.handedOut(into);
      continue;
    }
    const reasons = new Map(broken.map(({ n, reason }) => [n, reason]));
    for (const [n, index] of indices.entries()) {
      position = place + n + 1;
      const name = set.name(index);
      const reason = reasons.get(n);
      if (reason === undefined) {
        builder.add(set.label?.(index), name, images.subarray(n * length, (n + 1) * length));
        if (!builder.isFull || share !== undefined) continue;
        yield builder.finish(position);
        memory?.handedOut(undefined);
      } else {
        onSkip?.({ name, reason });
      }
    }
    if (into !== undefined) memory?.giveBack(into);
    if (share === undefined) continue;
    const labels = set.label && [];
    yield builder.isEmpty
      ? batchOf(new Float32Array(0), size, labels, [], end)
      : builder.finish(end);
  }
  if (!builder.isEmpty) yield builder.finish(position);
}
