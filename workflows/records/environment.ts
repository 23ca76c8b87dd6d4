import { availableParallelism, cpus } from 'node:os';
import { z } from 'zod';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { isCheckout, packageVersion, repositoryRoot } from '../../foundation/repository.ts';
import type { Backend } from '../../training/backend.ts';
import { oneDnnChoiceSchema, oneDnnInUse } from '../../training/one_dnn/one_dnn_choice.ts';

/** What a figure was measured with. */
export const environmentSchema = z.strictObject({
  tf8: z.string(),
  /** Commit of the checkout, with "+" where tracked files differ from it; "unknown" outside a checkout. */
  commit: z.string(),
  node: z.string(),
  /** Of the float network: its backend, and the version of the library behind it. */
  backend: z.string(),
  processor: z.string(),
  threads: z.int().min(1),
  /** Of libtensorflow, where that is the backend. */
  oneDnn: oneDnnChoiceSchema.optional(),
});

/**
 * Where a run was made: versions, processor, threads.
 * @interface
 */
export type Environment = Readonly<z.infer<typeof environmentSchema>>;

export async function environment(backend: Backend): Promise<Environment> {
  const root = repositoryRoot();
  return {
    tf8: packageVersion(root),
    commit: await commitOf(root),
    node: process.versions.node,
    backend: `${backend.name} ${backend.version}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    ...(backend.name === 'tensorflow' && { oneDnn: await oneDnnInUse() }),
  };
}

async function commitOf(root: string): Promise<string> {
  if (!isCheckout(root)) return 'unknown'; // the commit would be that of the project around it
  const git = (...args: string[]) => runCommand('git', ['-C', root, ...args]);
  const commit = await git('rev-parse', 'HEAD');
  const changes = await git('status', '--porcelain', '--untracked-files=no');
  if (commit.exitCode !== 0 || changes.exitCode !== 0) return 'unknown';
  return commit.stdout.trim() + (changes.stdout.trim() === '' ? '' : '+');
}
