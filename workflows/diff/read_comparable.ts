import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { kindOfJson } from '../outputs/record_kind.ts';
import { isTraining } from '../outputs/training_files.ts';
import { analysisSchema } from '../records/analysis_record.ts';
import { environmentSchema } from '../records/environment.ts';
import { RUN_FILE } from '../records/run_file.ts';
import { readTraining, type TrainingRecord } from '../records/training_record.ts';
import { findRun } from '../report/find_run.ts';
import { readParts } from '../report/read_parts.ts';
import type { ReportParts } from '../report/report_parts.ts';
import { call } from '../wording.ts';
import { type Comparable, flat } from './comparable.ts';
import { analysisFigures, layerFigures } from './of_analysis.ts';

const MAX_JSON_BYTES = 256 * 2 ** 20;

const measuredSchema = z.object({
  top1: z.number(),
  top5: z.number(),
  /** Absent in a record, which has none. */
  time: z.object({ imagesPerSecond: z.number() }).optional(),
});

/** A recipe of quantization is told by its name. */
const recipeSchema = z.object({ name: z.string() });

/** The JSON of an evaluation; its settings are absent where an older version wrote it. */
const evaluationSchema = z.object({
  model: z.string(),
  dataset: z.string(),
  images: z.int(),
  skipped: z.int(),
  configuration: z.record(z.string(), z.json()).optional(),
  environment: environmentSchema.optional(),
  dataSha256: z.string().optional(),
  weightsSha256: z.string().optional(),
  float: measuredSchema.optional(),
  tf8: measuredSchema.extend({ tier: z.string() }).optional(),
  calibration: z
    .object({
      images: z.int(),
      data: z.string(),
      zeroVariance: z.string(),
      recipe: recipeSchema.optional(),
    })
    .optional(),
});

/** The JSON of an analysis. */
const analyzedSchema = z.object({
  ...analysisSchema.shape,
  dataset: z.string(),
  skipped: z.int(),
  kernelTier: z.string(),
  zeroVariance: z.string(),
  recipe: recipeSchema.optional(),
  calibrationImages: z.int(),
});

/**
 * A run to be compared.
 * @param run folder of a run or of a training, the name of a run's folder in `runsDir`, or a file with
 *   the JSON of an evaluation or an analysis
 * @throws UserError where it is none of these, or damaged
 */
export async function readComparable(run: string, runsDir: string): Promise<Comparable> {
  if (isTraining(run)) return ofTraining(await readTraining(run));
  if (basename(run) !== RUN_FILE && (await isFile(run))) return ofFile(run);
  return ofParts(await readParts(await findRun(run, runsDir)));
}

async function isFile(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true;
}

async function ofFile(path: string): Promise<Comparable> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(await readBounded(path, MAX_JSON_BYTES)));
  } catch (error) {
    const isText = error instanceof SyntaxError;
    throw notARun(path, isText ? 'it is no JSON, or was cut off' : messageOf(error), error);
  }
  const kind = kindOfJson(json);
  if (kind === 'what was counted of a shard') throw isShard(path);
  const isAnalysis = typeof json === 'object' && json !== null && 'diagnosis' in json;
  if (isAnalysis) return ofAnalyzed(parse(analyzedSchema, json, path, 'an analysis'));
  const isEvaluation = typeof json === 'object' && json !== null && 'dataset' in json;
  if (!isEvaluation) throw notARun(path, `it is ${kind ?? 'JSON of another kind'}`);
  return ofEvaluation(parse(evaluationSchema, json, path, 'an evaluation'));
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  path: string,
  kind: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw notARun(
    path,
    `what it holds is not what ${kind} has (${firstIssue(parsed.error)})`,
    parsed.error,
  );
}

function isShard(path: string): UserError {
  return new UserError(
    `Expected a whole evaluation or analysis in ${path} but it is what was counted of a shard`,
    { remedy: 'Merge all its shards first, as tf8 merge does, and compare what that leaves.' },
  );
}

function notARun(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(
    `Expected the JSON of an evaluation or an analysis in ${path} but ${reason}`,
    {
      remedy: `Give what ${call('evaluate')} or ${call('analyze')} prints as JSON, or the folder of a run.`,
      cause,
    },
  );
}

function ofEvaluation(evaluation: z.infer<typeof evaluationSchema>): Comparable {
  const { model, dataset, images, skipped, float, tf8, calibration } = evaluation;
  const { configuration = {}, environment = {}, dataSha256, weightsSha256 } = evaluation;
  return {
    kind: 'evaluation',
    title: `${model} on ${images} images of ${dataset}`,
    settings: flat({
      model,
      dataset,
      images,
      skipped,
      ...configuration,
      dataSha256,
      weightsSha256,
      calibration: calibration && { ...calibration, recipe: calibration.recipe?.name },
      kernels: tf8?.tier,
    }),
    environment: flat(environment),
    figures: {
      ...(float && {
        'float top-1 %': float.top1,
        'float top-5 %': float.top5,
        ...(float.time && { 'float images/s': float.time.imagesPerSecond }),
      }),
      ...(tf8 && {
        'TF8 top-1 %': tf8.top1,
        'TF8 top-5 %': tf8.top5,
        ...(tf8.time && { 'TF8 images/s': tf8.time.imagesPerSecond }),
      }),
    },
    layers: [],
  };
}

function ofAnalyzed(analyzed: z.infer<typeof analyzedSchema>): Comparable {
  const { model, dataset, images, effectImages, skipped } = analyzed;
  const { kernelTier, zeroVariance, recipe, calibrationImages } = analyzed;
  return {
    kind: 'analysis',
    title: `${model} on ${images} images of ${dataset}`,
    settings: flat({
      model,
      dataset,
      images,
      effectImages,
      skipped,
      zeroVariance,
      recipe: recipe?.name,
      calibrationImages,
      kernels: kernelTier,
    }),
    environment: {},
    figures: analysisFigures(analyzed),
    layers: layerFigures(analyzed.layers),
  };
}

function ofParts({ run, table, analysis }: ReportParts): Comparable {
  const { name, environment, kernelTier, data, weights, configuration } = run;
  const rows = (table?.rows ?? []).flatMap(({ network, floatTop1Percent, tf8Top1Percent }) => [
    [`${network}, float top-1 %`, floatTop1Percent],
    [`${network}, TF8 top-1 %`, tf8Top1Percent],
  ]);
  return {
    kind: table === undefined ? 'analysis' : 'table',
    title: table === undefined && analysis ? `${name} on ${analysis.images} images` : name,
    // The configuration of an analysis names its images and weights already.
    settings: flat({ kernels: kernelTier, ...configuration, ...(table && { data, weights }) }),
    environment: flat(environment),
    figures: {
      ...Object.fromEntries(rows),
      ...(table === undefined && analysis && analysisFigures(analysis)),
    },
    layers: layerFigures(analysis?.layers ?? []),
  };
}

function ofTraining({ dir, metrics, card }: TrainingRecord): Comparable {
  const { epochs: _, best: __, steps: ___, ...told } = card?.training ?? {};
  const last = metrics.steps.at(-1);
  const epoch = metrics.epochs.at(-1);
  const validated = metrics.epochs.flatMap(({ validation }) => (validation ? [validation] : []));
  const ended = validated.at(-1);
  return {
    kind: 'training',
    title: card?.origin.source ?? dir,
    settings: flat({
      ...(card && { dataset: card.dataset, ...card.architecture }),
      ...told,
    }),
    environment: {},
    figures: {
      ...(last && { steps: last.step, 'seconds trained': last.time.trainedSeconds }),
      ...(epoch && { 'training loss': epoch.loss, 'training accuracy %': epoch.accuracy }),
      ...(ended && {
        'held out: loss': ended.loss,
        'held out: top-1 %': ended.top1,
        'held out: best top-1 %': Math.max(...validated.map(({ top1 }) => top1)),
      }),
    },
    layers: [],
  };
}
