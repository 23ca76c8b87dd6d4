import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { repositoryRoot, SET_UP } from '../../foundation/repository.ts';

declare const SESSION: unique symbol;

/** A session of libtensorflow's; freed by `closeSession`, else with its JavaScript object. */
export interface NativeSession {
  readonly [SESSION]: never;
}

/** float32, int32 and bool. */
export type TensorValues = Float32Array | Int32Array | Uint8Array;

/** session, names of placeholders ("name:0"), their values and shapes, names of outputs */
type RunArguments = [
  session: NativeSession,
  names: readonly string[],
  values: readonly TensorValues[],
  shapes: readonly Int32Array[],
  outputs: readonly string[],
];

type RunResults = [values: TensorValues, shape: number[]][];

/** What cluster.node exports (source/addon.c). Its errors have libtensorflow's messages. */
export interface ClusterAddon {
  /**
   * Starts a server, which runs until the process ends.
   * @param serverDef a serialized `tensorflow.ServerDef`
   * @returns the target of its sessions
   */
  startServer(serverDef: Uint8Array): string;
  /**
   * @param config a serialized `tensorflow.ConfigProto`
   * @param folder of a SavedModel
   */
  loadSession(target: string, config: Uint8Array, folder: string): NativeSession;
  closeSession(session: NativeSession): void;
  /** Waits for the outputs. */
  run(...run: RunArguments): RunResults;
  /** On a thread of its own, which keeps no process that would end. */
  runAsync(...run: RunArguments): Promise<RunResults>;
}

/** Where the build puts the addon, relative to tf8's folder. */
export const CLUSTER_FILE = join('training', 'cluster', 'cluster.node');

const REMEDY = `Run "${SET_UP}"; it needs a C compiler.`;

/**
 * Where the compiled addon lies. Asking loads nothing.
 * @throws UserError where it was not built
 */
export function clusterAddonFile(file = join(repositoryRoot(), CLUSTER_FILE)): string {
  if (existsSync(file)) return file;
  throw new UserError(
    `Training by several workers needs the addon at ${file}, which was not compiled`,
    { remedy: REMEDY },
  );
}

/**
 * The compiled addon, which loads libtensorflow.
 * @throws UserError where it was not built or does not load
 */
export function loadClusterAddon(): ClusterAddon {
  const file = clusterAddonFile();
  try {
    return createRequire(import.meta.url)(file) as ClusterAddon;
  } catch (error) {
    throw new UserError(
      `Training by several workers needs the addon at ${file}, which does not load: ${messageOf(error)}`,
      { remedy: REMEDY, cause: error },
    );
  }
}
