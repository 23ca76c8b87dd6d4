import { create, toBinary } from '@bufbuild/protobuf';
import { type ConfigProto, ConfigProtoSchema, ServerDefSchema } from './generated/cluster_pb.ts';
import type { ClusterPlace } from './place.ts';

const JOB = 'worker';

/** How a worker computes. */
export interface ComputeOptions {
  /** Threads of one operation; as many as the machine has unless given. */
  readonly threads?: number | undefined;
}

/** Names a task as libtensorflow does. */
function taskName(rank: number): string {
  return `/job:${JOB}/replica:0/task:${rank}`;
}

/**
 * The configuration of a worker's server and sessions. A session sees its own worker only, so that each
 * starts and computes by itself; worker 0 brings the collectives together.
 */
function config({ rank }: ClusterPlace, { threads = 0 }: ComputeOptions): ConfigProto {
  return create(ConfigProtoSchema, {
    intraOpParallelismThreads: threads,
    interOpParallelismThreads: threads,
    deviceFilters: [taskName(rank)],
    gpuOptions: { allowGrowth: true },
    experimental: { collectiveGroupLeader: taskName(0) },
  });
}

/** A serialized `tensorflow.ConfigProto`. */
export function configBytes(place: ClusterPlace, options: ComputeOptions): Uint8Array {
  return toBinary(ConfigProtoSchema, config(place, options));
}

/** A serialized `tensorflow.ServerDef`; the server reads the leader of collectives from its configuration. */
export function serverDefBytes(place: ClusterPlace, options: ComputeOptions): Uint8Array {
  const tasks = Object.fromEntries(place.addresses.map((address, rank) => [rank, address]));
  return toBinary(
    ServerDefSchema,
    create(ServerDefSchema, {
      cluster: { job: [{ name: JOB, tasks }] },
      jobName: JOB,
      taskIndex: place.rank,
      defaultSessionConfig: config(place, options),
      protocol: 'grpc',
    }),
  );
}
