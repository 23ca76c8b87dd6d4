import type { NetworkName } from '../../architectures/registry.ts';
import type { Route } from '../../foundation/downloads/fetch_artifact.ts';
import type { StoredPreprocessing } from '../store/model_card.ts';

/** An archive that holds a checkpoint. */
export interface CheckpointSource {
  readonly route: Route;
  /** Path of the file inside the archive. */
  readonly member: string;
  /** A frozen graph of slim's in a gzipped tar, unless it is a state_dict of PyTorch's in a zip. */
  readonly format?: 'pytorch';
}

/** Published weights of a network, and what they must be. */
export interface PublicCheckpoint {
  readonly name: string;
  /** Its standard variant, where it has a choice of them. */
  readonly network: NetworkName;
  /** Who published what, for the record of a run. */
  readonly source: string;
  readonly widthMultiplier: number;
  readonly resolution: number;
  /** The network's outputs, the background included. */
  readonly classes: number;
  /** Outputs before the data set's first class: slim's class 0 is the background. */
  readonly labelOffset: number;
  readonly dataset: string;
  /** Where images become its input otherwise than for slim's networks. */
  readonly preprocessing?: StoredPreprocessing;
  /**
   * `sha256OfTensors` of the network's weights: the same by whichever source they come. Absent where
   * nobody has stated it, and every archive is pinned by a hash of its own.
   */
  readonly tensorsSha256?: string;
  /** Tried in order. */
  readonly sources: readonly CheckpointSource[];
}
