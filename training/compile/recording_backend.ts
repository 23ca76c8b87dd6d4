import * as tf from '@tensorflow/tfjs';
import type { Trace, TracedBackend } from './trace.ts';

export const RECORDING = 'tf8-recording';

/**
 * A backend of TensorFlow.js that computes nothing: its kernels (`kernels/`) add nodes to the graph
 * of the trace in progress, and its data ids stand for the nodes' outputs.
 */
export class RecordingBackend extends tf.KernelBackend implements TracedBackend {
  trace: Trace | undefined;
  private readonly references = new WeakMap<tf.DataId, { count: number }>();
  private live = 0;

  /** The trace that kernels record to. */
  get active(): Trace {
    if (this.trace === undefined) {
      throw new Error(`The backend ${RECORDING} works only while a function is traced`);
    }
    return this.trace;
  }

  newDataId(): tf.DataId {
    const dataId = {};
    this.references.set(dataId, { count: 1 });
    this.live++;
    return dataId;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = this.newDataId();
    this.active.holdValues(dataId, { values, shape, dtype });
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    this.references.set(dataId, { count: refCount });
    this.live++;
    this.active.holdValues(dataId, { values, shape, dtype });
  }

  /** @throws Error where the values are known only once the graph runs */
  override readSync(dataId: tf.DataId): tf.BackendValues {
    return this.active.knownValues(dataId);
  }

  override async read(dataId: tf.DataId): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const reference = this.references.get(dataId);
    if (reference === undefined) return true;
    reference.count--;
    if (!force && reference.count > 0) return false;
    this.references.delete(dataId);
    this.live--;
    return true;
  }

  override refCount(dataId: tf.DataId): number {
    return this.references.get(dataId)?.count ?? 0;
  }

  override incRef(dataId: tf.DataId): void {
    const reference = this.references.get(dataId);
    if (reference !== undefined) reference.count++;
  }

  override numDataIds(): number {
    return this.live;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override dispose(): void {}
}
