import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { NetworkName } from '../../architectures/network.ts';
import type { VariantName } from '../../architectures/variants.ts';
import type { ClusterPlace } from '../../training/cluster/place.ts';
import type { ImageCacheChoice } from '../open/open_cache.ts';
import type { RecipeChoices } from './recipe_choices.ts';
import type { TrainJobResult } from './train.ts';

export interface TrainModelOptions extends RecipeChoices, ImageCacheChoice {
  readonly network: NetworkName;
  /** Core layer of a network that has a choice of them; its `trainedVariant` unless given. */
  readonly variant?: VariantName | undefined;
  /** "off" leaves squeeze-and-excite out of a network that has it. */
  readonly squeezeExcite?: 'on' | 'off' | undefined;
  readonly widthMultiplier: number;
  /** MODEL to start from; random weights unless given. */
  readonly from?: string | undefined;
  /** MODEL to distil from: of equal resolution and classes. */
  readonly teacher?: string | undefined;
  /** For depthwise batch norms that are folded into the start weights; mean unless given. */
  readonly zeroVariance?: ZeroVariancePolicy | undefined;
  /** What lies in `data`, or TRAINING_DATASET without it, unless given. */
  readonly dataset?: string | undefined;
  /** Folder of the data set, where it needs one. */
  readonly data?: string | undefined;
  /** Name or JSON file; `RETRAINING_RECIPE` or the network's `scratchRecipe` unless given. */
  readonly recipe?: string | undefined;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Training images that are held out; a twentieth of an epoch unless given. */
  readonly validationImages?: number | undefined;
  readonly seed: number;
  /** Folder of the trained model. */
  readonly out: string;
  /** Whether a model that lies there without its training's checkpoints is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Trains operation by operation. */
  readonly eager?: boolean | undefined;
  /** Equal runs end with equal bits on a GPU too, where that takes slower kernels. */
  readonly deterministic?: boolean | undefined;
  /** Goes on from the newest checkpoint in `out`, where there is one. */
  readonly resume: boolean;
  /** Time between checkpoints; CHECKPOINT_SECONDS unless given, or none with `checkpointSteps`. */
  readonly checkpointSeconds?: number | undefined;
  readonly checkpointSteps?: number | undefined;
  /**
   * Processes on this machine that share every batch, or 1; this process unless given. Not together with
   * `cluster`.
   */
  readonly workers?: number | undefined;
  /** Started again so often after one of `workers` was lost; RESTARTS unless given. */
  readonly restarts?: number | undefined;
  /** How far workers may be apart, in seconds; TIMEOUT_SECONDS unless given. */
  readonly workerTimeout?: number | undefined;
  /** The workers on several machines, of which this process is one. */
  readonly cluster?: ClusterPlace | undefined;
  /** Threads of one operation of a worker; as many as the machine has unless given. */
  readonly threads?: number | undefined;
}

export interface TrainModelResult extends TrainJobResult {
  /** Steps of the whole training, where workers were asked for. */
  readonly steps?: number;
}
