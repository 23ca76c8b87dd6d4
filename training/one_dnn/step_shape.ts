import type { NetworkConfig } from '../../architectures/network.ts';

/** What the speed of a training step depends on. */
export interface StepShape {
  readonly config: NetworkConfig;
  readonly batchSize: number;
  /** Whether a network of the same shape teaches in the step. */
  readonly distilled: boolean;
}
