import { readFile } from 'node:fs/promises';
import { processExists } from './process_exists.ts';

/** Of a process that has ended and whose parent has not asked for its result yet: a zombie. */
const ENDED = 'ended';

/**
 * What distinguishes a process from a later one of the same number: the boot and the clock tick at
 * which it was started (proc(5)). undefined where the system does not tell, as outside of Linux.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The fields from the third on: the second, the name in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' ? ENDED : `${boot.trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the process `pid` that began at `start` still lives, as far as the system tells. */
export async function processLives(pid: number, start: string | undefined): Promise<boolean> {
  if (!processExists(pid)) return false;
  const current = await processStart(pid);
  if (current === ENDED) return false;
  return start === undefined || current === undefined || start === current;
}
