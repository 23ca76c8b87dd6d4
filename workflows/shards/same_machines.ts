import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type KernelsUsed, kernelsName } from '../open/kernels_used.ts';
import type { Environment } from '../records/environment.ts';
import { nameOfShard, type ReadShard } from './shard_file.ts';

/** With what a shard was counted. */
export interface ShardMachine {
  readonly environment: Environment;
  readonly kernels?: Pick<KernelsUsed, 'tier' | 'instructionSet'> | undefined;
}

/** Differences of these are differences of what is counted. */
const OF_CODE = ['tf8', 'commit'] as const;

/**
 * Shards may be counted on different machines: TF8 figures do not depend on them, those of the float
 * network by a rounding. The record names the first's, and the reporter is warned.
 * @throws UserError where they were counted by different versions of the code
 */
export function requireSameCode(
  shards: readonly ReadShard[],
  machines: readonly ShardMachine[],
  reporter: Reporter,
): void {
  const [first] = machines;
  for (const [index, { environment, kernels }] of machines.entries()) {
    for (const name of OF_CODE) {
      if (environment[name] === first.environment[name]) continue;
      throw new UserError(
        `Expected shards that one version of tf8 has counted but ${nameOfShard(shards[0])} is of ${name} ${first.environment[name]} and ${nameOfShard(shards[index])} of ${environment[name]}`,
        { remedy: 'Count them by the same version.' },
      );
    }
    const [ours, theirs] = [first, { environment, kernels }].map(wordsOf);
    if (ours === theirs) continue;
    reporter.warn(
      `The record says ${ours}, as of ${nameOfShard(shards[0])}; ${nameOfShard(shards[index])} was counted with ${theirs}.`,
    );
  }
}

function wordsOf({ environment, kernels }: ShardMachine): string {
  const { node, backend, processor, threads, oneDnn } = environment;
  return [
    processor,
    `${threads} threads`,
    `Node ${node}`,
    backend,
    ...(oneDnn === undefined ? [] : [`oneDNN ${JSON.stringify(oneDnn)}`]),
    ...(kernels === undefined ? [] : [`${kernelsName(kernels)} kernels`]),
  ].join(', ');
}
