import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** More than any model has; a folder of data is no model. */
const MOST_FILES = 10_000;
/** Above any network's description. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * The files that the model at `reference` is read from: a folder's, a file with the shards that it
 * names, or a checkpoint's by its prefix. None where there is no such path.
 */
export async function modelFiles(reference: string): Promise<readonly string[]> {
  const info = await stat(reference).catch(() => undefined);
  if (info?.isDirectory()) return filesBelow(reference);
  const folder = dirname(reference);
  const siblings = await readdir(folder).catch(() => []);
  const ofPrefix = siblings.filter((name) => name.startsWith(`${basename(reference)}.`));
  if (info === undefined) return ofPrefix.map((name) => join(folder, name));
  if (!reference.endsWith('.json') || info.size > MAX_JSON_BYTES) return [reference];
  return [reference, ...(await shardsOf(reference)).map((name) => join(folder, name))];
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .slice(0, MOST_FILES)
    .map((entry) => join(entry.parentPath, entry.name));
}

async function shardsOf(path: string): Promise<readonly string[]> {
  const { z } = await import('zod');
  const topologySchema = z.object({
    weightsManifest: z.array(z.object({ paths: z.array(z.string()) })),
  });
  try {
    const { weightsManifest } = topologySchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return weightsManifest.flatMap(({ paths }) => paths);
  } catch {
    return []; // Whoever opens the model says what is wrong with it.
  }
}
