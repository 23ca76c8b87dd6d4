import { z } from 'zod';
import { type Shard, shardName } from '../../datasets/order/shard.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { kindOfJson } from '../outputs/record_kind.ts';
import { decibelsInJson } from '../records/analysis_record.ts';
import type { Identity } from '../records/stored_result.ts';
import { call, option } from '../wording.ts';

/** Of the format: raised where what is counted changes. */
const VERSION = 1;

/** A ratio of each image and layer: some 50 MB of 50,000 images and 28 layers. */
const MAX_BYTES = 2 ** 31 - 1;

export type ShardKind = 'evaluation' | 'analysis';

export interface ShardOptions {
  /** Which part of the images. */
  readonly shard: Shard;
  /** The file for what was counted. */
  readonly out: string;
}

/** What a workflow says of a shard that it has counted. */
export interface ShardResult extends ShardOptions {
  readonly model: string;
  readonly dataset: string;
  readonly images: number;
  /** Images that could not be read. */
  readonly skipped: number;
}

/** What was counted and summed over the images of one shard. */
export interface ShardContent {
  readonly kind: ShardKind;
  readonly shard: Shard;
  /** What all shards have in common. */
  readonly identity: Identity;
  /** What the images do not change. */
  readonly facts: unknown;
  readonly sums: unknown;
}

/** The same, read from `path`. */
export interface ReadShard extends ShardContent {
  readonly path: string;
}

const integer = z.int().min(1);

const fileSchema = z.strictObject({
  tf8Shard: z.int(),
  kind: z.enum(['evaluation', 'analysis']),
  shard: z.strictObject({ number: integer, count: integer }),
  identity: z.record(z.string(), z.json()),
  facts: z.unknown(),
  sums: z.unknown(),
  /** SHA-256 of the others as JSON, in this order. */
  sha256: z.string(),
});

/** Writes a shard's counts: numbers in full precision, infinite ones by their names. */
export async function writeShard(
  path: string,
  { kind, shard, identity, facts, sums }: ShardContent,
): Promise<void> {
  const content = JSON.stringify(
    { tf8Shard: VERSION, kind, shard, identity, facts, sums },
    decibelsInJson,
  );
  const sha256 = sha256OfBytes(content);
  await writeFileAtomic(path, `${content.slice(0, -1)},"sha256":"${sha256}"}\n`);
}

/** @throws UserError where the file is not there, or is none of a shard, or is damaged */
export async function readShard(path: string): Promise<ReadShard> {
  const refuse = (what: string, cause?: unknown): UserError =>
    new UserError(`Expected what was counted of a shard in ${path} but ${what}`, {
      remedy: `Give the files that ${call('evaluate')} or ${call('analyze')} left at ${option('out')} with ${option('shard')}; count a damaged one again.`,
      cause,
    });
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder().decode(await readBounded(path, MAX_BYTES));
    value = JSON.parse(text);
  } catch (error) {
    const isText = error instanceof SyntaxError;
    throw refuse(isText ? 'it is no JSON, or was cut off' : messageOf(error), error);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw refuse(whatElse(value), parsed.error);
  const { tf8Shard, sha256, ...content } = parsed.data;
  if (tf8Shard !== VERSION) {
    throw refuse(`it is of version ${tf8Shard} and this program reads version ${VERSION}`);
  }
  const end = text.lastIndexOf(',"sha256":"');
  if (sha256OfBytes(`${text.slice(0, end)}}`) !== sha256) throw refuse('its content was changed');
  return { ...content, path };
}

/** What a file of JSON holds that is none of a shard. */
function whatElse(json: unknown): string {
  switch (kindOfJson(json)) {
    case 'what was counted of a shard':
      return 'its content was changed, or is of another version of tf8';
    case 'the record of an evaluation':
      return 'it is the record of an evaluation of all images, which needs no merging';
    case 'an analysis':
      return 'it is an analysis of all images, which needs no merging';
    default:
      return 'it is JSON of another kind';
  }
}

/** "shard 2/3 (part-2.json)" */
export function nameOfShard({ shard, path }: Pick<ReadShard, 'shard' | 'path'>): string {
  return `shard ${shardName(shard)} (${path})`;
}
