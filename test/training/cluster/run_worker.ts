import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../foundation/processes/run_command.ts';
import { TSX } from '../../support/without_tfjs_node.ts';
import type { WorkerReport, WorkerRun } from './worker_steps.ts';

const PROGRAM = fileURLToPath(new URL('worker_steps.ts', import.meta.url));

/**
 * Runs a worker of `worker_steps.ts` to its end.
 * @param within words that begin the command line, such as those that enter another network
 */
export async function runWorker(
  worker: WorkerRun,
  within: readonly string[] = [],
): Promise<WorkerReport> {
  const [command, ...args] = [
    ...within,
    ...[process.execPath, '--import', TSX, PROGRAM],
    JSON.stringify(worker),
  ];
  const { stdout, output } = await runCommand(command, args);
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  assert.ok(line, output);
  return JSON.parse(line) as WorkerReport;
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
