// Plain JavaScript on Node's own modules: the set-up takes its lock before node_modules exists.
// Synchronous, since a lock is also given free when the process ends.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { processLives, processStart } from '../processes/process_identity.mjs';

const HEARTBEAT_MS = 30_000;
/** Whether a process of another machine lives cannot be asked: it must show itself by its heartbeat. */
const SILENT_MS = 10 * 60_000;
/** A lock without its content after this time is what a kill or a power failure has left. */
const UNWRITTEN_MS = 3_000;
const POLL_MS = 100;

/**
 * @typedef {object} LockOwner a process whose work a lock covers
 * @property {number} pid
 * @property {string} [start] `processStart` of the process, where the system tells
 */

/**
 * @typedef {object} LockHolder who holds a lock file
 * @property {string} host
 * @property {number} pid
 * @property {string} [start] `processStart` of the process, where the system tells
 * @property {string} token different for each lock that was ever taken
 * @property {LockOwner} [child] the process whose work the lock covers even if `pid` is killed
 */

/**
 * @typedef {object} LockFile
 * @property {() => LockHolder | undefined} holder who holds the lock now; undefined where the file is gone
 * @property {() => boolean} isMine whether it is still this lock: a process that was stopped for long may have lost it
 * @property {(pid: number) => void} coverChild names the child process
 * @property {() => void} release gives it free, unless another process has taken it over
 */

/**
 * Takes the lock file `path`. The lock of a process that has died, also by a kill or a power
 * failure, with the child that it covers, is taken over; so is one of which that cannot be known
 * (another machine's) and that has not shown itself for 10 minutes.
 * @param {string} path
 * @param {(holder: LockHolder) => void} onHeld called again and again as long as a living process
 *   holds the lock: returns to wait for it, or throws
 * @returns {Promise<LockFile>}
 * @throws what `onHeld` throws, and the system's errors where the file cannot be written
 */
export async function takeLock(path, onHeld) {
  const mine = {
    host: hostname(),
    pid: process.pid,
    start: processStart(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  while (!create(path, mine)) {
    const content = readIfThere(path);
    if (content === undefined) continue; // It was released in the meantime.
    const holder = parseHolder(content);
    if (isAbandoned(path, holder)) {
      removeAbandoned(path, content);
      continue;
    }
    if (holder !== undefined) onHeld(holder);
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  const holder = () => {
    const content = readIfThere(path);
    return content === undefined ? undefined : parseHolder(content);
  };
  const isMine = () => holder()?.token === mine.token;
  return {
    holder,
    isMine,
    coverChild(pid) {
      mine.child = { pid, start: processStart(pid) };
      writeFileSync(path, textOf(mine));
    },
    release() {
      clearInterval(heartbeat);
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

/** Not by a link to a file that is whole already: not every file system has links. */
function create(path, holder) {
  let file;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeFileSync(file, textOf(holder));
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function textOf(holder) {
  return `${JSON.stringify(holder)}\n`;
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** undefined for what is not written yet, and what a kill or a power failure has left. */
function parseHolder(content) {
  let holder;
  try {
    holder = JSON.parse(content);
  } catch {
    return undefined;
  }
  const isSound =
    isProcess(holder) && typeof holder.host === 'string' && typeof holder.token === 'string';
  return isSound && (holder.child === undefined || isProcess(holder.child)) ? holder : undefined;
}

function isProcess(value) {
  if (value === null || typeof value !== 'object') return false;
  const { pid, start } = value;
  return Number.isInteger(pid) && pid > 0 && (start === undefined || typeof start === 'string');
}

function isAbandoned(path, holder) {
  if (holder?.host === hostname()) {
    const living = [holder, holder.child].filter((owner) => {
      return owner !== undefined && processLives(owner.pid, owner.start);
    });
    if (living.length === 0) return true;
    // Without its start, a process may be a later one of the same number: it must show itself too.
    if (living.some(({ start }) => start !== undefined)) return false;
  }
  const patienceMs = holder === undefined ? UNWRITTEN_MS : SILENT_MS;
  const info = statSync(path, { throwIfNoEntry: false });
  return info !== undefined && Date.now() - info.mtimeMs > patienceMs;
}

/** Removes an abandoned lock, unless another process has just replaced it by its own. */
function removeAbandoned(path, content) {
  const aside = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return; // Another process was faster.
    throw error;
  }
  if (readIfThere(aside) === content) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Where the file is gone, its owner finds out by `isMine`.
  }
}
