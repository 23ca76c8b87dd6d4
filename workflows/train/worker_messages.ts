import type { ClusterPlace } from '../../training/cluster/place.ts';
import type { TrainJobResult } from './train.ts';
import type { TrainModelOptions } from './train_model_options.ts';

/** What a launched worker is told to do, once, as JSON. */
export interface WorkerTask {
  readonly options: TrainModelOptions;
  readonly place: ClusterPlace;
  /** Threads of one operation. */
  readonly threads: number;
  readonly cacheDir: string;
}

/** What the launcher sends: a task at the beginning, and that the training is to stop. */
export type ToWorker = { readonly task: WorkerTask } | { readonly stop: true };

/** What a worker sends: what its reporter is told, and in the end its result or its error. */
export type FromWorker =
  | { readonly info: string }
  | { readonly warn: string }
  | {
      readonly start: {
        readonly label: string;
        readonly total: number;
        readonly unit: string;
        readonly alreadyDone?: number | undefined;
      };
    }
  | { readonly update: { readonly done: number; readonly detail?: string | undefined } }
  | { readonly end: true }
  | { readonly result: TrainJobResult }
  | { readonly failure: WorkerFailure };

export interface WorkerFailure {
  readonly message: string;
  readonly remedy?: string | undefined;
  /**
   * told: an error that would come again, such as a divergence. fault: a fault of ours. died: it said
   * nothing. lost: it says that another worker is gone or too far behind.
   */
  readonly kind: 'told' | 'fault' | 'died' | 'lost';
}
