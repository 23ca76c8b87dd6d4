import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { processorName } from '../../foundation/processes/processor.ts';
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
  /** Its kind too, where the system tells: "AMD EPYC (family 25, model 1, AVX2)". */
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

/** @param backend of the float network; undefined where none ran */
export async function environment(backend: Backend | undefined): Promise<Environment> {
  const root = repositoryRoot();
  return {
    tf8: packageVersion(root),
    commit: await commitOf(root),
    node: process.versions.node,
    backend: backend === undefined ? 'none' : `${backend.name} ${backend.version}`,
    processor: await processorName(),
    threads: availableParallelism(),
    ...(backend?.name === 'tensorflow' && { oneDnn: await oneDnnInUse() }),
  };
}

/**
 * Tells this code from other versions of it: by the package's version, and in a checkout by its commit and
 * what its tracked files have otherwise. Undefined for a checkout of which git says nothing.
 */
export async function codeVersion(): Promise<string | undefined> {
  const root = repositoryRoot();
  if (!isCheckout(root)) return packageVersion(root);
  const git = (...args: string[]) => runCommand('git', ['-C', root, ...args]);
  const commit = await git('rev-parse', 'HEAD');
  const changes = await git('diff', 'HEAD');
  if (commit.exitCode !== 0 || changes.exitCode !== 0) return undefined;
  return [packageVersion(root), commit.stdout.trim(), sha256OfBytes(changes.stdout)].join(' ');
}

async function commitOf(root: string): Promise<string> {
  if (!isCheckout(root)) return 'unknown'; // the commit would be that of the project around it
  const git = (...args: string[]) => runCommand('git', ['-C', root, ...args]);
  const commit = await git('rev-parse', 'HEAD');
  const changes = await git('status', '--porcelain', '--untracked-files=no');
  if (commit.exitCode !== 0 || changes.exitCode !== 0) return 'unknown';
  return commit.stdout.trim() + (changes.stdout.trim() === '' ? '' : '+');
}
