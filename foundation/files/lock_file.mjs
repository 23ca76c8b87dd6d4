import { randomBytes } from 'node:crypto';
import {
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 5_000;
const POLL_MS = 300;
/** Without a heartbeat for this long, a lock belongs to nobody. */
const SILENT_MS = 10 * 60_000;

/**
 * Waits until no other living process holds the lock file `path`, then takes it. A lock whose
 * process, and whose child process, have died counts as free.
 *
 * @param {string} path
 * @param {(holder: number) => void} onWait called once when there is somebody to wait for
 */
export async function acquireLock(path, onWait) {
  const mine = {
    host: hostname(),
    pid: process.pid,
    child: 0,
    token: randomBytes(6).toString('hex'),
  };
  let waited = false;
  while (!tryCreate(path, mine)) {
    const holder = read(path);
    if (holder === undefined) continue; // released in the meantime
    if (isAbandoned(path, holder)) {
      steal(path, holder);
      continue;
    }
    if (!waited) onWait(holder.pid);
    waited = true;
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  return {
    waited,
    /** Names the child process whose work the lock covers even if this process is killed. */
    coverChild(pid) {
      mine.child = pid;
      writeFileSync(path, JSON.stringify(mine));
    },
    release() {
      clearInterval(heartbeat);
      if (read(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

/** Creates the lock with its content in one step: link() fails where the name exists. */
function tryCreate(path, content) {
  const temporary = `${path}.${content.token}.tmp`;
  writeFileSync(temporary, JSON.stringify(content));
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return { host: '', pid: 0, child: 0, token: '' };
    throw error;
  }
}

function isAbandoned(path, holder) {
  if (holder.host === hostname() && !lives(holder.pid) && !lives(holder.child)) return true;
  try {
    return Date.now() - statSync(path).mtimeMs > SILENT_MS;
  } catch {
    return false;
  }
}

function lives(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Removes an abandoned lock, unless another process has just replaced it by its own. */
function steal(path, holder) {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    renameSync(path, aside);
  } catch {
    return; // another process was faster
  }
  if (read(aside)?.token === holder.token) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The lock was removed by hand; the set-up goes on.
  }
}
