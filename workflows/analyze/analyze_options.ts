import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { ConversionOptions } from '../quantize/conversion.ts';

/** Enough for ratios of a layer's energies, which hardly differ between images. */
export const ANALYZED_IMAGES = 100;

export interface AnalyzeOptions extends ConversionOptions {
  readonly model: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  /** Images of the test split; ANALYZED_IMAGES unless given. */
  readonly limit?: number | undefined;
  /** Images of each class; without `limit`. */
  readonly perClass?: number | undefined;
  /** Whether the network ends in probabilities rather than in logits. */
  readonly softmax?: boolean | undefined;
  readonly seed: number;
  readonly tier: TierName | 'auto';
  /** Measure accuracy with parts of the network in TF8, too. */
  readonly accuracy: boolean;
  readonly runsDir: string;
  /** For the record: what repeats the analysis, without folders of the machine. */
  readonly command?: string | undefined;
  /** A file for the JSON, besides the run's folder. */
  readonly out?: string | undefined;
  /** Whether a file at `out` that is no analysis is replaced. */
  readonly overwrite?: boolean | undefined;
}
