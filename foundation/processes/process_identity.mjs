// Plain JavaScript on Node's own modules: the set-up's lock needs it before node_modules exists.
import { readFileSync } from 'node:fs';

/** Of a process that has ended and whose parent has not asked for its result yet: a zombie. */
const ENDED = 'ended';

/**
 * Whether there is a process of this number on this machine; a later one may have taken it over.
 * @param {number} pid
 */
export function processExists(pid) {
  try {
    process.kill(pid, 0); // Signal 0 only asks whether the process exists.
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * What distinguishes a process from a later one of the same number: the boot and the clock tick at
 * which it was started (proc(5)); ENDED for one that has. undefined where the system does not tell,
 * as outside of Linux.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processStart(pid) {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The fields from the third on: the second, the name in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' ? ENDED : `${boot.trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/**
 * Whether the process `pid` that began at `start` still lives, as far as the system tells.
 * @param {number} pid
 * @param {string | undefined} start
 */
export function processLives(pid, start) {
  if (!processExists(pid)) return false;
  const current = processStart(pid);
  if (current === ENDED) return false;
  return start === undefined || current === undefined || start === current;
}
