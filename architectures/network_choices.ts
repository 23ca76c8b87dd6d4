import type { NetworkSizes } from './conv_layer.ts';
import type { Variant } from './variants.ts';

/** What every network's rows take: its sizes, and the core layer where it has a choice of them. */
export interface NetworkChoices extends NetworkSizes {
  /** The published one unless given. */
  readonly variant?: Variant;
  /**
   * Whether blocks keep the squeeze-and-excite that they were published with; yes unless given. Of a
   * network without it there is nothing to leave out.
   */
  readonly squeezeExcite?: boolean;
}
