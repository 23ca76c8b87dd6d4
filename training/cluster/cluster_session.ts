import * as tf from '@tensorflow/tfjs';
import type { NodeOutput } from '../compile/graph.ts';
import { outputName } from '../compile/saved_model.ts';
import { type GraphSession, withSavedModelFolder } from '../compile/session.ts';
import type { ClusterAddon, NativeSession, TensorValues } from './addon.ts';

/** A session on a server of libtensorflow's distributed runtime. */
export class ClusterSession implements GraphSession {
  private readonly addon: ClusterAddon;
  private readonly session: NativeSession;
  /** Runs beside the event loop. */
  private running = 0;

  /**
   * @param target of the server
   * @param config a serialized `tensorflow.ConfigProto`
   * @param savedModel bytes of a `saved_model.pb` tagged "serve"
   * @throws Error with libtensorflow's message where it refuses the graph
   */
  constructor(addon: ClusterAddon, target: string, config: Uint8Array, savedModel: Uint8Array) {
    this.addon = addon;
    this.session = withSavedModelFolder(savedModel, (folder) =>
      addon.loadSession(target, config, folder),
    );
  }

  run(feeds: Feeds, outputs: readonly NodeOutput[]): tf.Tensor[] {
    if (outputs.length === 0) return [];
    return this.addon.run(...this.arguments(feeds, outputs)).map(tensorOf);
  }

  /** While it waits, this process goes on only if something else keeps it: a run may never end. */
  async runAsync(feeds: Feeds, outputs: readonly NodeOutput[]): Promise<tf.Tensor[]> {
    if (outputs.length === 0) return [];
    this.running++;
    try {
      return (await this.addon.runAsync(...this.arguments(feeds, outputs))).map(tensorOf);
    } finally {
      this.running--;
    }
  }

  dispose(): void {
    if (this.running > 0) return; // One that never ends has the session to itself.
    this.addon.closeSession(this.session);
  }

  private arguments(feeds: Feeds, outputs: readonly NodeOutput[]): Parameters<ClusterAddon['run']> {
    return [
      this.session,
      feeds.map(([placeholder]) => outputName(placeholder)),
      feeds.map(([, value]) => value.dataSync() as TensorValues),
      feeds.map(([, { shape }]) => Int32Array.from(shape)),
      outputs.map(outputName),
    ];
  }
}

type Feeds = readonly (readonly [NodeOutput, tf.Tensor])[];

function tensorOf([values, shape]: [TensorValues, number[]]): tf.Tensor {
  const dtype = dtypeOf(values);
  return tf.tensor(values, shape, dtype);
}

function dtypeOf(values: TensorValues): 'float32' | 'int32' | 'bool' {
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Int32Array ? 'int32' : 'bool';
}
