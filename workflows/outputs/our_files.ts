/** How files that tf8 wrote are recognized: nobody is asked before they are replaced. */
import { basename } from 'node:path';
import { z } from 'zod';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import { RecipeSchema } from '../../quantize/convert/recipe_schema.ts';
import { readManifest } from '../export/export_manifest.ts';
import { REPORT_MARK } from '../report/report_page.ts';

const MAX_JSON_BYTES = 256 * 2 ** 20;

/** A file that the manifest of the export `exported` names, unchanged since. */
export function isOurExport(exported: string): (path: string) => Promise<boolean> {
  return async (path) => {
    const manifest = await readManifest(exported).catch(() => undefined);
    const entry = manifest?.files.find(({ name }) => name === basename(path));
    return entry !== undefined && entry.sha256 === (await sha256OfFile(path));
  };
}

/** The manifest of the export `exported`. */
export function isOurManifest(exported: string): () => Promise<boolean> {
  return async () => (await readManifest(exported).catch(() => undefined)) !== undefined;
}

const analysisSchema = z.looseObject({
  kernelTier: z.string(),
  zeroVariance: z.string(),
  layers: z.array(z.unknown()),
});

/** An analysis in JSON. */
export async function isOurAnalysis(path: string): Promise<boolean> {
  return analysisSchema.safeParse(await jsonOf(path)).success;
}

const evaluationSchema = z.looseObject({
  configuration: z.looseObject({ precision: z.string() }),
  dataSha256: z.string(),
  skippedImages: z.array(z.unknown()),
});

/** The record of an evaluation in JSON. */
export async function isOurEvaluation(path: string): Promise<boolean> {
  return evaluationSchema.safeParse(await jsonOf(path)).success;
}

const shardSchema = z.looseObject({ tf8Shard: z.number(), shard: z.looseObject({}) });

/** What was counted of one shard. */
export async function isOurShard(path: string): Promise<boolean> {
  return shardSchema.safeParse(await jsonOf(path)).success;
}

/** A recipe of quantization in JSON. */
export async function isOurRecipe(path: string): Promise<boolean> {
  return RecipeSchema.safeParse(await jsonOf(path)).success;
}

/** undefined where the file holds none. */
async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await readBounded(path, MAX_JSON_BYTES)));
  } catch {
    return undefined;
  }
}

const ourModelSchema = z.looseObject({
  userDefinedMetadata: z.looseObject({ tf8: z.looseObject({}) }),
});

/** The model.json of a model that tf8 stored, by its card. */
export async function isOurModel(path: string): Promise<boolean> {
  return ourModelSchema.safeParse(await jsonOf(path)).success;
}

/** The page of a report. */
export async function isOurReport(path: string): Promise<boolean> {
  const page = await readBounded(path, MAX_JSON_BYTES).catch(() => new Uint8Array());
  return new TextDecoder().decode(page).includes(REPORT_MARK);
}
