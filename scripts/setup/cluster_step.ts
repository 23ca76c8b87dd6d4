import { join } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import type { SetupStep } from './step.ts';
import { readTfjsNodeRecord, tfjsNodeFolder } from './tfjs_node_record.ts';

/**
 * Compiles the addon for training by several workers, against the libtensorflow that tfjs-node has; the
 * script itself knows whether its output is up to date. A machine where it does not compile is no reason
 * to stop: one process trains without it.
 */
export const CLUSTER_STEP: SetupStep = {
  name: 'cluster addon',
  isDone: async ({ project }) => {
    const record = await readTfjsNodeRecord(project);
    return record === undefined || record.route === 'none';
  },
  async run({ root, project, signal, reporter }) {
    const script = join(root, 'scripts', 'build_cluster.mjs');
    const library = join(tfjsNodeFolder(project), 'deps');
    const { exitCode, output } = await runCommand(
      process.execPath,
      [script, '--library', library],
      { cwd: root, signal },
    );
    if (exitCode !== 0) {
      reporter.warn(`${output.trim()}\nTraining works, by one process: "--workers" needs it.`);
    } else if (!output.includes('up to date')) {
      reporter.info('Addon for training by several workers compiled.');
    }
  },
};
