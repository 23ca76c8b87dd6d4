import type { LabelledDataset } from '../../datasets/dataset.ts';
import type { Recipe as QuantizationRecipe } from '../../quantize/convert/recipe.ts';
import type { TrainResult } from '../../training/loop/train_options.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { NetworkImages } from './network_data.ts';
import type { RecipeChoices } from './recipe_choices.ts';
import type { TrainModelOptions } from './train_model_options.ts';

export interface QuantizationAwareOptions
  extends Omit<RecipeChoices, 'resolution'>,
    Pick<
      TrainModelOptions,
      | 'data'
      | 'limit'
      | 'validationImages'
      | 'seed'
      | 'out'
      | 'overwrite'
      | 'eager'
      | 'checkpointSeconds'
      | 'checkpointSteps'
    > {
  /** Any float model that tf8 reads. It teaches, too. */
  readonly model: string;
  /** Name, or a data set that is open, of the model's classes; what `data` says unless given. */
  readonly dataset?: string | LabelledDataset | undefined;
  /** Name, JSON file or recipe; "quantization-aware" unless given. */
  readonly recipe?: string | Recipe | undefined;
  /** What the progress calls the training; the model's name unless given. */
  readonly label?: string | undefined;
  /**
   * Goes on from the newest checkpoint in `out`, where there is one; "quietly" says nothing where there is none,
   * and replaces what lies in the folder.
   */
  readonly resume: boolean | 'quietly';
  /** Name, JSON file or recipe of the quantization that training starts from; QUANTIZATION_START unless given. */
  readonly quantizationRecipe?: string | QuantizationRecipe | undefined;
  /** Images that ranges are calibrated on before; 200 unless given. */
  readonly calibrationImages?: number | undefined;
  /** Whether the file ends in probabilities rather than in logits, which are what is trained. */
  readonly softmax?: boolean | undefined;
  /** `learned` unless given. */
  readonly ranges?: 'learned' | 'observed' | undefined;
  /** Share of the run, in (0, 1], after which ranges stay; FREEZE_AFTER unless given. */
  readonly freezeAfter?: number | undefined;
  /** How hard weights are pulled to their levels at the end (arXiv 2203.11086); 0 unless given. */
  readonly dampening?: number | undefined;
  /** Whether statistics of folded batch norms stay or follow the network in integers; `frozen` unless given. */
  readonly batchNorms?: 'frozen' | 're-estimated' | undefined;
}

export interface QuantizationAwareResult {
  readonly out: string;
  /** The TF8 file in it. */
  readonly tf8: string;
  /** Folder of the network that did best on the images held out. */
  readonly best?: string;
  readonly training: TrainResult;
  /** As it was trained, with what was asked for otherwise. */
  readonly recipe: Recipe;
  /** What accuracies of the training are about: the images' classes, or the float network's. */
  readonly labels: NetworkImages['labels'];
  readonly quantization: {
    readonly recipe: QuantizationRecipe;
    readonly calibrationImages: number;
    readonly ranges: 'learned' | 'observed';
    readonly freezeAfter: number;
    readonly dampening: number;
    readonly batchNorms: 'frozen' | 're-estimated';
    /** Layers whose batch norms' statistics followed the network in integers. */
    readonly reEstimatedLayers: readonly string[];
    /** Layers whose sums may pass 2²⁴, trained in two halves: as exact as the others. */
    readonly splitLayers: readonly string[];
    /** Layers whose sums may pass 2²⁴ by the weights at the end and were not: a byte may differ from what was trained. */
    readonly inexactLayers: readonly string[];
  };
}

/** The recipe of quantization that training starts from. */
export const QUANTIZATION_START = 'best';

/** What batch norms are unless their statistics follow the network in integers. */
export const FROZEN = 'frozen';

/** Share of the run after which ranges stay. */
export const FREEZE_AFTER = 0.8;
