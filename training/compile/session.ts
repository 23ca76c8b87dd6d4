import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { asFileError } from '../../foundation/files/file_errors.ts';
import type { NodeOutput } from './graph.ts';
import { outputName } from './saved_model.ts';

/** What is used of tfjs-node's backend: sessions of libtensorflow. */
interface SessionBackend {
  loadSavedModelMetaGraph(path: string, tags: string): number;
  runSavedModel(
    id: number,
    inputs: readonly tf.Tensor[],
    inputInfos: readonly { readonly name: string }[],
    outputs: readonly string[],
  ): tf.Tensor[];
  deleteSavedModel(id: number): void;
}

/** A graph that libtensorflow runs, with the values of its variables. */
export interface GraphSession {
  /**
   * Runs what the outputs need.
   * @param feeds values of placeholders
   * @returns a tensor for each output, the caller's to dispose
   */
  run(
    feeds: readonly (readonly [NodeOutput, tf.Tensor])[],
    outputs: readonly NodeOutput[],
  ): tf.Tensor[];
  /** As `run`, beside the event loop where the session can. */
  runAsync(
    feeds: readonly (readonly [NodeOutput, tf.Tensor])[],
    outputs: readonly NodeOutput[],
  ): Promise<tf.Tensor[]>;
  /** Frees the graph; no run may be under way. */
  dispose(): void;
}

/** A session of tfjs-node's, in this process. */
export class Session implements GraphSession {
  private readonly backend: SessionBackend;
  private readonly id: number;

  /**
   * @param savedModel bytes of a `saved_model.pb` tagged "serve"
   * @throws Error with libtensorflow's message where it refuses the graph; UserError where the
   *   system's folder for temporary files takes no file
   */
  constructor(savedModel: Uint8Array) {
    this.backend = tf.findBackend('tensorflow') as unknown as SessionBackend;
    this.id = withSavedModelFolder(savedModel, (folder) =>
      this.backend.loadSavedModelMetaGraph(folder, 'serve'),
    );
  }

  run(
    feeds: readonly (readonly [NodeOutput, tf.Tensor])[],
    outputs: readonly NodeOutput[],
  ): tf.Tensor[] {
    if (outputs.length === 0) return []; // libtensorflow refuses to run nothing.
    return this.backend.runSavedModel(
      this.id,
      feeds.map(([, value]) => value),
      feeds.map(([placeholder]) => ({ name: outputName(placeholder) })),
      outputs.map(outputName),
    );
  }

  /** Blocks the event loop: tfjs-node has no other run. */
  async runAsync(
    feeds: readonly (readonly [NodeOutput, tf.Tensor])[],
    outputs: readonly NodeOutput[],
  ): Promise<tf.Tensor[]> {
    return this.run(feeds, outputs);
  }

  dispose(): void {
    this.backend.deleteSavedModel(this.id);
  }
}

/**
 * Writes a SavedModel for as long as it is loaded: libtensorflow loads from folders only, and is done with
 * one once it is loaded.
 * @param savedModel bytes of a `saved_model.pb`
 * @throws UserError where the system's folder for temporary files takes no file
 */
export function withSavedModelFolder<T>(savedModel: Uint8Array, load: (folder: string) => T): T {
  const folder = temporaryFolder(savedModel);
  try {
    return load(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function temporaryFolder(savedModel: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'tf8-compiled-'));
  const path = join(folder, 'saved_model.pb');
  try {
    writeFileSync(path, savedModel);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw asFileError(error, path);
  }
  return folder;
}
