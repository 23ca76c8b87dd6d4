import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { processExists } from '../processes/process_identity.mjs';

/** A temporary file of another machine (a shared folder) counts as abandoned after this age. */
const ABANDONED_AFTER_MS = 10 * 60_000;

const HOST = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');

/** A name beside `target` that no other process uses: `<target>.<host>_<pid>_<random><extension>`. */
export function temporaryPath(target: string, extension: string): string {
  return `${target}.${HOST}_${process.pid}_${randomBytes(4).toString('hex')}${extension}`;
}

/** The temporary paths of `target` whose process died before it could finish or remove them. */
export async function abandonedPaths(target: string, extension: string): Promise<string[]> {
  const prefix = `${basename(target)}.`;
  const names = await readdir(dirname(target)).catch(() => []);
  const abandoned: string[] = [];
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(extension)) continue;
    const token = name.slice(prefix.length, name.length - extension.length);
    const owner = /^([A-Za-z0-9-]+)_(\d+)_[0-9a-f]{8}$/.exec(token);
    if (owner === null) continue;
    const path = join(dirname(target), name);
    if (owner[1] === HOST) {
      if (!processExists(Number(owner[2]))) abandoned.push(path);
      continue;
    }
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > ABANDONED_AFTER_MS) abandoned.push(path);
  }
  return abandoned;
}
