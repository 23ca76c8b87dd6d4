import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { TF_CONFIG } from './cluster_defaults.ts';

/** The workers of a training, and which of them this process is. */
export interface ClusterPlace {
  /** "host:port" of each worker, by rank. */
  readonly addresses: readonly string[];
  /** Of this process: worker 0 validates, reports and stores. */
  readonly rank: number;
}

const ADDRESS = /^(?:\[[0-9a-fA-F:]+\]|[^\s:,[\]]+):(\d{1,5})$/;

/**
 * A place from what a user gives.
 * @param addresses "host:port" of each worker, with commas between them
 * @throws UserError for what is no address, an address that comes twice, and a rank that none has
 */
export function placeOf(addresses: string, rank: number): ClusterPlace {
  const list = addresses.split(',').map((address) => address.trim());
  const remedy = 'Give host:port of each worker, the same list on all, and a rank from 0.';
  for (const address of list) {
    const port = Number(ADDRESS.exec(address)?.[1]);
    if (!(port >= 1 && port <= 65_535)) {
      throw new UserError(
        `Expected host:port of a worker but received ${JSON.stringify(address)}`,
        {
          remedy,
        },
      );
    }
  }
  const twice = list.find((address, n) => list.indexOf(address) !== n);
  if (twice !== undefined) {
    throw new UserError(`Expected an address of its own for each worker but ${twice} comes twice`, {
      remedy,
    });
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= list.length) {
    throw new UserError(
      `Expected a rank in [0, ${list.length - 1}], as there are ${list.length} workers, but received ${rank}`,
      { remedy },
    );
  }
  return { addresses: list, rank };
}

const index = z.union([z.int().min(0), z.string().regex(/^\d+$/).transform(Number)]);

const tfConfigSchema = z.object({
  cluster: z.record(z.string(), z.array(z.string())),
  task: z.object({ type: z.string(), index }),
});

/** Jobs whose tasks train, in the order of their ranks. */
const TRAINING_JOBS = ['chief', 'master', 'worker'];

/**
 * The place that TF_CONFIG gives: a chief is worker 0, as in Keras.
 * @param value of the variable
 * @returns undefined where it is unset or empty, or names no cluster
 * @throws UserError where it is something else, and where this task does not train
 */
export function placeOfTfConfig(value: string | undefined): ClusterPlace | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const refuse = (what: string, cause?: unknown): UserError =>
    new UserError(`Expected a cluster of workers in ${TF_CONFIG} but ${what}`, {
      remedy: `Give {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}, or unset ${TF_CONFIG}.`,
      cause,
    });
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch (error) {
    throw refuse('it is no JSON', error);
  }
  if (typeof json === 'object' && json !== null && !('cluster' in json)) return undefined;
  const parsed = tfConfigSchema.safeParse(json);
  if (!parsed.success) throw refuse(firstIssue(parsed.error), parsed.error);
  const { cluster, task } = parsed.data;
  const servers = Object.entries(cluster).find(
    ([job, tasks]) => tasks.length > 0 && !TRAINING_JOBS.includes(job) && job !== 'evaluator',
  );
  if (servers !== undefined) throw refuse(`it has tasks of the job ${JSON.stringify(servers[0])}`);
  const jobs = TRAINING_JOBS.map((job) => cluster[job] ?? []);
  const job = TRAINING_JOBS.indexOf(task.type);
  if (job < 0 || task.index >= jobs[job].length) {
    throw refuse(`this task is ${task.type} ${task.index}, which does not train`);
  }
  return placeOf(jobs.flat().join(','), jobs.slice(0, job).flat().length + task.index);
}

/** "worker 1 (host:2222)" */
export function workerName({ addresses }: ClusterPlace, rank: number): string {
  return `worker ${rank} (${addresses[rank]})`;
}
