import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { processLives, processStart } from '../processes/process_identity.ts';
import { asFileError, errorCode } from './file_errors.ts';
import { temporaryPath } from './temporary_path.ts';

const HEARTBEAT_MS = 60_000;
/** Whether a process of another machine lives cannot be asked: it must show itself. */
const SILENT_MS = 10 * HEARTBEAT_MS;
/** A lock without its content after this time is what a kill or a power failure has left. */
const UNWRITTEN_MS = 3_000;
const POLL_MS = 100;

const holderSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  /** `processStart` of the process. */
  start: z.string().optional(),
  /** Different for each lock that was ever taken. */
  token: z.string(),
});

type Holder = z.infer<typeof holderSchema>;

/**
 * A lock file that keeps a folder for one process. The lock of a process that has died, also by a
 * kill or a power failure, is taken over.
 */
export class FolderLock {
  private readonly path: string;
  private readonly token: string;
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(path: string, token: string) {
    this.path = path;
    this.token = token;
    this.heartbeat = setInterval(() => {
      const now = new Date();
      // Where the file is gone, `check` says so.
      utimes(path, now, now).catch(() => undefined);
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /**
   * Takes the lock file `path` of the folder that it stands in.
   * @throws UserError naming the living process that holds it, or where it cannot be written
   */
  static async acquire(path: string): Promise<FolderLock> {
    const mine: Holder = {
      host: hostname(),
      pid: process.pid,
      start: await processStart(process.pid),
      token: randomBytes(8).toString('hex'),
    };
    while (!(await create(path, mine))) {
      const content = await readIfThere(path);
      if (content === undefined) continue; // It was released in the meantime.
      const holder = parseHolder(content);
      if (await isAbandoned(holder, path)) await removeAbandoned(path, content);
      else if (holder !== undefined) throw inUse(holder, path);
      else await setTimeout(POLL_MS);
    }
    return new FolderLock(path, mine.token);
  }

  /**
   * Checks that the lock is still ours: a process that was stopped for long may have lost it.
   * @throws UserError naming who holds it now
   */
  async check(): Promise<void> {
    const content = await readIfThere(this.path);
    const holder = content === undefined ? undefined : parseHolder(content);
    if (holder?.token === this.token) return;
    if (holder !== undefined) throw inUse(holder, this.path);
    throw new UserError(`Expected the lock ${this.path} of this process but it is there no more`, {
      remedy: 'Resume the training, and let the file stand while it runs.',
    });
  }

  /** Gives the folder free. */
  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    const content = await readIfThere(this.path);
    if (content !== undefined && parseHolder(content)?.token === this.token) {
      await rm(this.path, { force: true });
    }
  }
}

/** Not by a link to a file that is whole already: not every file system has links. */
async function create(path: string, holder: Holder): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx');
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw asFileError(error, path);
  }
  try {
    await file.writeFile(`${JSON.stringify(holder)}\n`);
    return true;
  } catch (error) {
    await rm(path, { force: true });
    throw asFileError(error, path);
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asFileError(error, path);
  }
}

/** undefined for what is not written yet, and what a kill or a power failure has left. */
function parseHolder(content: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}

async function isAbandoned(holder: Holder | undefined, path: string): Promise<boolean> {
  if (holder?.host === hostname()) return !(await processLives(holder.pid, holder.start));
  const patienceMs = holder === undefined ? UNWRITTEN_MS : SILENT_MS;
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs > patienceMs;
}

/** Removes an abandoned lock, unless another process has just replaced it by its own. */
async function removeAbandoned(path: string, content: string): Promise<void> {
  const aside = temporaryPath(path, '.tmp');
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return; // Another process was faster.
    throw asFileError(error, path);
  }
  if ((await readIfThere(aside)) === content) await rm(aside, { force: true });
  else await rename(aside, path);
}

function inUse({ pid, host }: Holder, path: string): UserError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new UserError(
    `Expected ${dirname(path)} for this process alone but process ${pid}${where} trains into it`,
    {
      remedy: `Wait until process ${pid} has ended, or choose another folder. If it is no training, remove ${path}.`,
    },
  );
}
