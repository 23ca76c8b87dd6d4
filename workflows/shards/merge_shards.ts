import { shardName } from '../../datasets/order/shard.ts';
import { UserError } from '../../foundation/errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { AnalyzeResult } from '../analyze/finish_analysis.ts';
import type { EvaluationRecord } from '../evaluate/evaluation_record.ts';
import { isOurAnalysis, isOurEvaluation } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { mergeAnalyses } from './merge_analyses.ts';
import { mergeEvaluations } from './merge_evaluations.ts';
import { nameOfShard, type ReadShard, readShard } from './shard_file.ts';

export interface MergeOptions {
  /** Files that shards left, in any order. */
  readonly shards: readonly string[];
  /** A file for what was found, besides an analysis' run. */
  readonly out?: string | undefined;
  /** Whether a file at `out` that is no such record is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Folder of an analysis' record. */
  readonly runsDir: string;
}

/**
 * Makes of the counts of all shards what one process over all images gives, to the byte.
 * @throws UserError where a file is none of a shard or is damaged, a shard is missing or comes twice, or
 *   shards are of different networks, images or options, or of different code
 */
export async function mergeShards(
  { shards: paths, out, overwrite, runsDir }: MergeOptions,
  context: Context,
): Promise<EvaluationRecord | AnalyzeResult> {
  const shards: ReadShard[] = [];
  for (const path of paths) shards.push(await readShard(path));
  shards.sort((a, b) => a.shard.number - b.shard.number);
  requireOneSet(shards);
  const isAnalysis = shards[0].kind === 'analysis';
  if (out !== undefined) {
    const isOurs = isAnalysis ? isOurAnalysis : isOurEvaluation;
    await requireOutputFiles([{ path: out, isOurs }], { inputs: paths, overwrite });
  }
  if (!isAnalysis) return mergeEvaluations(shards, { out }, context.reporter);
  await makeWritableFolder(runsDir);
  return mergeAnalyses(shards, { out, runsDir }, context);
}

/** @param shards by their numbers */
function requireOneSet(shards: readonly ReadShard[]): void {
  const [first, ...others] = shards;
  if (first === undefined) throw new UserError('Expected files of shards but received none');
  for (const other of others) requireSame(first, other);
  const { count } = first.shard;
  for (const [index, shard] of shards.entries()) {
    const next = shards[index + 1];
    if (next?.shard.number === shard.shard.number) {
      throw new UserError(
        `Expected each shard once but ${shardName(shard.shard)} comes twice: ${shard.path} and ${next.path}`,
        { remedy: 'Give one file of each shard.' },
      );
    }
  }
  const there = new Set(shards.map(({ shard }) => shard.number));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => !there.has(number),
  );
  if (missing.length === 0) return;
  throw new UserError(
    `Expected all ${count} shards but ${missing.map((number) => shardName({ number, count })).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
    {
      remedy: 'Count what is missing, with the same options as the others, and give its file, too.',
    },
  );
}

/** What a part of the identity is called; others by their option. */
const WORDS: Readonly<Record<string, string>> = {
  model: 'the network (SHA-256)',
  tf8: 'its TF8 network (SHA-256)',
  images: 'the images (SHA-256)',
};

const REMEDIES: Readonly<Record<string, string>> = {
  tf8: 'Processors of two kinds can measure ranges that differ in the last bit: quantize once, and evaluate the TF8 file in all shards.',
};

function requireSame(first: ReadShard, other: ReadShard): void {
  const pairs: (readonly [name: string, first: unknown, other: unknown])[] = [
    ['the work', first.kind, other.kind],
    ['the number of shards', first.shard.count, other.shard.count],
    ...Object.keys({ ...first.identity, ...other.identity }).map(
      (name) => [name, first.identity[name], other.identity[name]] as const,
    ),
  ];
  const differing = pairs.find(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b));
  if (differing === undefined) return;
  const [name, ...values] = differing;
  const [a, b] = values.map((value) => JSON.stringify(value) ?? 'none');
  throw new UserError(
    `Expected shards that differ in their images only but ${WORDS[name] ?? name} is ${a} in ${nameOfShard(first)} and ${b} in ${nameOfShard(other)}`,
    { remedy: REMEDIES[name] ?? 'Count every shard with the same model, images and options.' },
  );
}
