import { UserError } from '../../foundation/errors.ts';

/** One of `count` parts of the images that are looked at; `number` goes from 1. */
export interface Shard {
  readonly number: number;
  readonly count: number;
}

/** Images of an order, from `skip` on, broken ones included. */
export interface OrderSpan {
  readonly skip: number;
  readonly limit: number;
}

/** More parts than anybody has machines: a slip. */
const MOST_SHARDS = 100_000;

/**
 * A shard by its words "K/N".
 * @throws UserError where they say something else
 */
export function shardOf(words: string): Shard {
  const [, first, second] = /^(\d{1,6})\/(\d{1,6})$/.exec(words.trim()) ?? [];
  const [number, count] = [Number(first), Number(second)];
  if (number >= 1 && number <= count && count <= MOST_SHARDS) return { number, count };
  throw new UserError(
    `Expected K/N, with K from 1 to N, for a shard but received ${JSON.stringify(words)}`,
    { remedy: 'Of three shards, give 1/3 to one process, 2/3 to the next and 3/3 to the last.' },
  );
}

/** "2/3" */
export function shardName({ number, count }: Shard): string {
  return `${number}/${count}`;
}

/**
 * The shard's part of the first `images` of an order: whole batches, so that every image goes through a
 * network beside the same others as where there is one shard. The first shard has some wherever there are
 * any; a later one may have none.
 */
export function shardSpan(shard: Shard | undefined, images: number, batchSize: number): OrderSpan {
  if (shard === undefined) return { skip: 0, limit: images };
  const batches = Math.ceil(images / batchSize);
  const begin = (number: number): number =>
    Math.min(images, batchSize * Math.ceil((number * batches) / shard.count));
  const skip = begin(shard.number - 1);
  return { skip, limit: begin(shard.number) - skip };
}

/** For `BatchOptions.share`: batches are so many images of the order each, and what is broken is missing. */
export function wholeShare(size: number): readonly [begin: number, end: number] {
  return [0, size];
}
