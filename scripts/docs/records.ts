import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import {
  type AgreementRecord,
  agreementRecordSchema,
} from '../../workflows/records/agreement_record.ts';
import { type ExplainRecord, explainRecordSchema } from '../../workflows/records/explain_record.ts';
import {
  type GranularityRecord,
  granularityRecordSchema,
} from '../../workflows/records/granularity_record.ts';
import { type ModelsRecord, modelsRecordSchema } from '../../workflows/records/models_record.ts';
import {
  type PaperFiguresRecord,
  paperFiguresRecordSchema,
} from '../../workflows/records/paper_figures_record.ts';
import { PROCESSOR_KINDS } from '../../workflows/records/processor_kind.ts';
import { runsElsewhere } from '../../workflows/records/published_runs.ts';
import {
  type QuantizationAwareRecord,
  quantizationAwareRecordSchema,
} from '../../workflows/records/quantization_aware_record.ts';
import {
  type RearchitectRecord,
  rearchitectRecordSchema,
} from '../../workflows/records/rearchitect_record.ts';
import { type RecipesRecord, recipesRecordSchema } from '../../workflows/records/recipes_record.ts';
import { type PublishedTable, publishedTableSchema } from '../../workflows/records/run_record.ts';
import { type WorkersRecord, workersRecordSchema } from '../../workflows/records/workers_record.ts';

/** What the pages are made from; a record that is not there yet is undefined. */
export interface PageRecords {
  readonly explain: ExplainRecord | undefined;
  /** What the paper shows in figures, of networks of ours. */
  readonly paperFigures: PaperFiguresRecord | undefined;
  readonly rearchitect: RearchitectRecord | undefined;
  /** What one range for all channels costs. */
  readonly granularity: GranularityRecord | undefined;
  /** Networks trained at scale, float against TF8. */
  readonly agreement: AgreementRecord | undefined;
  /** Other people's models in TF8. */
  readonly models: ModelsRecord | undefined;
  /** What recipes of quantization make of published networks. */
  readonly recipes: RecipesRecord | undefined;
  /** What training in integers makes of published networks. */
  readonly quantizationAware: QuantizationAwareRecord | undefined;
  /** What the sum of a step costs several workers. */
  readonly workers: WorkersRecord | undefined;
  /** What a step of a training takes on processors of two kinds. */
  readonly trainings: readonly TrainingRates[];
  /** The table of accuracies on CIFAR-10. */
  readonly table: PublishedTable | undefined;
  /** Rows of it as other machines made them. */
  readonly tableElsewhere: readonly PublishedTable[];
  /** The ways to 8 bits on CIFAR-10, by the longest preset that was measured. */
  readonly ways: PublishedTable | undefined;
  /** The small table that `npm start` prints. */
  readonly quick: PublishedTable | undefined;
  /** The same table as other machines, or other seeds, made it. */
  readonly quickElsewhere: readonly PublishedTable[];
}

/**
 * The records in a folder.
 * @throws UserError naming one that is damaged
 */
export async function readRecords(folder: string): Promise<PageRecords> {
  const read = <Schema extends z.ZodType>(name: string, schema: Schema) =>
    readRecord(join(folder, `${name}.json`), schema);
  return {
    explain: await read('explain', explainRecordSchema),
    paperFigures: await read('paper_figures', paperFiguresRecordSchema),
    rearchitect: await read('rearchitect', rearchitectRecordSchema),
    granularity: await read('granularity', granularityRecordSchema),
    agreement: await read('agreement', agreementRecordSchema),
    models: await read('models', modelsRecordSchema),
    recipes: await read('recipes', recipesRecordSchema),
    quantizationAware: await read('quantization-aware', quantizationAwareRecordSchema),
    workers: await read('workers', workersRecordSchema),
    trainings: (
      await Promise.all(
        Object.keys(PROCESSOR_KINDS).map((kind) => read(`training-${kind}`, trainingRates)),
      )
    ).filter((rates) => rates !== undefined),
    table: await read(TABLE, publishedTableSchema),
    tableElsewhere: await runsElsewhere(folder, TABLE),
    ways:
      (await read('reproduce-ways-cifar10-standard', publishedTableSchema)) ??
      (await read('reproduce-ways-cifar10-quick', publishedTableSchema)),
    quick: await read(QUICK, publishedTableSchema),
    quickElsewhere: await runsElsewhere(folder, QUICK),
  };
}

/** Of a record of `npm run bench:training`. */
const trainingRates = z.looseObject({
  date: z.iso.date(),
  environment: z.looseObject({ processor: z.string(), threads: z.int() }),
  rows: z.array(
    z.looseObject({
      width: z.number(),
      resolution: z.int(),
      classes: z.int(),
      /** Images a second. */
      compiled: z.number().positive(),
    }),
  ),
});

export type TrainingRates = z.infer<typeof trainingRates>;

/** The name of the table of accuracies on CIFAR-10. */
const TABLE = 'reproduce-cifar10-standard';

/** The name of the table that `npm start` prints. */
const QUICK = 'reproduce-fashion-mnist-quick';

async function readRecord<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw damaged(path, messageOf(error), error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(path, firstIssue(parsed.error));
}

function damaged(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected a record in ${path} but: ${reason}`, {
    remedy: 'Measure it again with --record, or take it from the repository.',
    cause,
  });
}
