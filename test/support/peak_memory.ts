import { readFileSync } from 'node:fs';

/** Bytes of memory that this process held at most. */
export function peakBytes(): number {
  // Linux counts what the parent held into a child's `maxRSS`; its own status does not.
  const peakKiB =
    process.platform === 'linux'
      ? Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1])
      : process.resourceUsage().maxRSS;
  return peakKiB * 1024;
}
