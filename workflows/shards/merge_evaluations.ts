import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import {
  type EvaluationFacts,
  type EvaluationRecord,
  type EvaluationSums,
  evaluationRecord,
  joinedEvaluation,
} from '../evaluate/evaluation_record.ts';
import { decibels } from '../records/analysis_record.ts';
import { environmentSchema } from '../records/environment.ts';
import { requireSameCode } from './same_machines.ts';
import { nameOfShard, type ReadShard } from './shard_file.ts';
import { writeEvaluation } from './write_evaluation.ts';

const count = z.int().min(0);
export const rightCounts = z.strictObject({ images: count, first: count, firstFive: count });
/** Parts of an exact sum. */
export const sum = z.array(decibels);

const factsSchema = z.looseObject({ model: z.string(), environment: environmentSchema });

const sumsSchema = z.strictObject({
  images: count,
  skippedImages: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  float: rightCounts.exactOptional(),
  tf8: rightCounts.exactOptional(),
  outputs: z
    .strictObject({
      images: count,
      outputs: z.array(
        z.strictObject({
          name: z.string(),
          hasClasses: z.boolean(),
          images: count,
          agreeing: count,
          float: sum,
          tf8: sum,
          product: sum,
          noise: sum,
        }),
      ),
    })
    .exactOptional(),
});

/** @param shards all, by their numbers */
export async function mergeEvaluations(
  shards: readonly ReadShard[],
  { out }: { readonly out?: string | undefined },
  reporter: Reporter,
): Promise<EvaluationRecord> {
  const facts = shards.map(
    (shard) => partOf(shard, 'facts', factsSchema) as unknown as EvaluationFacts,
  );
  requireSameCode(shards, facts, reporter);
  const sums: EvaluationSums[] = shards.map((shard) => partOf(shard, 'sums', sumsSchema));
  const record = evaluationRecord(facts[0], sums.reduce(joinedEvaluation));
  if (out !== undefined) await writeEvaluation(out, record);
  return record;
}

/** @throws UserError where the shard has something else */
export function partOf<Schema extends z.ZodType>(
  shard: ReadShard,
  part: 'facts' | 'sums',
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(shard[part]);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `Expected the ${part} of ${nameOfShard(shard)} as this version of tf8 counts them but it holds others (${firstIssue(parsed.error)})`,
    { remedy: 'Count every shard again by this version of tf8.', cause: parsed.error },
  );
}
