import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { asFileError } from '../../foundation/files/file_errors.ts';
import type { GraphTensor } from './graph.ts';
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
export class Session {
  private readonly backend: SessionBackend;
  private readonly id: number;

  /**
   * @param savedModel bytes of a `saved_model.pb` tagged "serve"
   * @throws Error with libtensorflow's message where it refuses the graph; UserError where the
   *   system's folder for temporary files takes no file
   */
  constructor(savedModel: Uint8Array) {
    this.backend = tf.findBackend('tensorflow') as unknown as SessionBackend;
    // libtensorflow loads SavedModels from folders only; it is done with this one once it is loaded.
    const folder = temporaryFolder(savedModel);
    try {
      this.id = this.backend.loadSavedModelMetaGraph(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Runs what the outputs need.
   * @param feeds values of placeholders
   * @returns a tensor for each output, the caller's to dispose
   */
  run(
    feeds: readonly (readonly [GraphTensor, tf.Tensor])[],
    outputs: readonly GraphTensor[],
  ): tf.Tensor[] {
    if (outputs.length === 0) return []; // libtensorflow refuses to run nothing.
    return this.backend.runSavedModel(
      this.id,
      feeds.map(([, value]) => value),
      feeds.map(([placeholder]) => ({ name: outputName(placeholder) })),
      outputs.map(outputName),
    );
  }

  dispose(): void {
    this.backend.deleteSavedModel(this.id);
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
