import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../files/atomic_file.ts';
import { sha256OfFile } from '../hashes/sha256.ts';
import { type Route, routeSchema } from './route.ts';

const EXTENSION = '.origin.json';

const recordSchema = z.object({
  sha256: z.string(),
  size: z.number(),
  mtimeMs: z.number(),
  route: routeSchema,
});

/** What stands beside a cached file: where it came from and what it was when it was verified. */
export type ArtifactRecord = z.infer<typeof recordSchema>;

async function readRecord(path: string): Promise<ArtifactRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path + EXTENSION, 'utf8')));
  } catch {
    return undefined; // A missing or damaged record only costs hashing the file again.
  }
}

/** Records that the file at `path` has this hash and came by this route. */
export async function writeRecord(path: string, sha256: string, route: Route): Promise<void> {
  // A whole number of milliseconds survives JSON and every file system unchanged.
  const seconds = Math.floor(Date.now() / 1000);
  await utimes(path, seconds, seconds);
  const { size, mtimeMs } = await stat(path);
  const record: ArtifactRecord = { sha256, size, mtimeMs, route };
  await writeFileAtomic(path + EXTENSION, `${JSON.stringify(record, null, 2)}\n`);
}

function sameSource(a: Route, b: Route): boolean {
  if (a.sha256 !== undefined || b.sha256 !== undefined) return a.sha256 === b.sha256;
  return a.kind === 'url' && b.kind === 'url' && a.url === b.url;
}

/**
 * The route of the cached file at `path`, where its content is what one of `routes` promises.
 * Size and time that equal the record's spare hashing a large file; anything else is hashed anew.
 * A file that somebody put there by hand is accepted by its hash; a wrong one is removed.
 */
export async function verifiedRoute(
  path: string,
  routes: readonly Route[],
): Promise<Route | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  const record = await readRecord(path);
  const recorded = record && routes.find((route) => sameSource(route, record.route));
  const untouched = record && record.size === info.size && record.mtimeMs === info.mtimeMs;
  if (recorded && untouched) return recorded;

  const sha256 = await sha256OfFile(path);
  const route =
    recorded && record?.sha256 === sha256
      ? recorded
      : routes.find((candidate) => candidate.sha256 === sha256);
  if (route === undefined) {
    await removeArtifact(path);
    return undefined;
  }
  await writeRecord(path, sha256, route);
  return route;
}

async function removeArtifact(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(path + EXTENSION, { force: true });
}

/** An artifact of the cache folder, for people who ask what is there. */
export interface CachedArtifact {
  /** Path below the cache folder. */
  readonly name: string;
  readonly bytes: number;
  readonly route: Route;
}

/** Every recorded artifact below `cacheDir`, sorted by name; nothing where the folder is missing. */
export async function listArtifacts(cacheDir: string): Promise<CachedArtifact[]> {
  const entries = await readdir(cacheDir, { recursive: true }).catch(() => []);
  const found: CachedArtifact[] = [];
  for (const entry of entries.filter((name) => name.endsWith(EXTENSION)).sort()) {
    const name = entry.slice(0, -EXTENSION.length);
    const record = await readRecord(join(cacheDir, name));
    const info = await stat(join(cacheDir, name)).catch(() => undefined);
    if (record && info) found.push({ name, bytes: info.size, route: record.route });
  }
  return found;
}
