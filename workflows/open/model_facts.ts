import type { NetworkConfig } from '../../architectures/network.ts';
import type { FloatFormat } from '../../checkpoints/float_model.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';

/**
 * What is known of a model beyond its layers, in the same terms whoever saved it. Opening a model fills
 * them once: from its card or its structure (`float_facts.ts`), or from its TF8 file (`tf8_facts.ts`).
 */
export interface ModelFacts {
  readonly format: FloatFormat | 'TF8 file';
  /** The network of ours that it is; undefined for another one, and for a TF8 file, which does not say. */
  readonly architecture: NetworkConfig | undefined;
  readonly input: InputFacts;
  /** Length of the output, a background class included. */
  readonly outputs: number;
  readonly labels: LabelFacts;
  /** Name of the data set that the classes belong to; undefined where unknown. */
  readonly dataset: string | undefined;
  readonly origin: OriginFacts;
  /** Layers whose batch norms had been folded into their weights before the model was saved. */
  readonly foldedBatchNorms: readonly string[];
}

/** How an image becomes the network's input. */
export interface InputFacts {
  /** [height, width, channels]; null where any size is taken. */
  readonly shape: readonly (number | null)[];
  /** Part of each side of an image that the network sees, from the middle; undefined where unknown. */
  readonly centralFraction: number | undefined;
  readonly range: InputRange;
  /** How images are brought to the input's size; bilinear unless given. */
  readonly resample?: 'bicubic' | undefined;
}

/** What the darkest and the brightest pixels become. */
export interface InputRange {
  /** Of all channels. */
  readonly min: number;
  readonly max: number;
  /** Of each channel, in the order of the network's; all alike unless given. */
  readonly channels?: readonly { readonly min: number; readonly max: number }[];
  /** Blue first; red first unless given. */
  readonly order?: 'bgr';
}

/** What the outputs stand for. */
export interface LabelFacts {
  /** In index order, without the background; empty where unknown. */
  readonly classNames: readonly string[];
  /** Outputs before the first class: 1 where output 0 is the background. */
  readonly labelOffset: number;
  /** Whether the model says so; otherwise it is what most networks of so many outputs mean. */
  readonly known: boolean;
}

/** Where the weights come from. */
export interface OriginFacts {
  /** What the weights are, or were trained from; the model's name where nothing tells. */
  readonly source: string;
  /** SHA-256 of the weights; undefined where nobody has taken it. */
  readonly weightsSha256: string | undefined;
  /** `Dataset.fingerprint` of what they were trained on here; undefined for others' weights. */
  readonly dataSha256: string | undefined;
}

/** What the pixels of every data set end in, and our networks take. */
export const SYMMETRIC: InputRange = { min: -1, max: 1 };

/** The data set of models that do not name theirs. */
export const DEFAULT_DATASET = 'imagenet';

/**
 * Outputs before a data set's first class; undefined where the outputs are not its classes. A model
 * that does not say has a background class if it has one output more than there are classes.
 */
export function labelOffsetOn(
  { labels, outputs }: Pick<ModelFacts, 'labels' | 'outputs'>,
  { classNames }: Pick<LabelledDataset, 'classNames'>,
): number | undefined {
  const classes = classNames.length;
  const offset = labels.known ? labels.labelOffset : outputs - classes;
  const fits = outputs - offset === classes && (offset === 0 || offset === 1);
  return fits ? offset : undefined;
}

/**
 * Height and width of the images that a model takes.
 * @throws UserError where it takes images of any size
 */
export function resolutionOf({
  name,
  facts: { input },
}: {
  readonly name: string;
  readonly facts: Pick<ModelFacts, 'input'>;
}): number {
  const [height] = input.shape;
  if (height) return height;
  throw new UserError(
    `Expected a model that takes images of one size but ${name} takes [${input.shape.map((size) => size ?? 'any')}]`,
    { remedy: 'Save it with the height and width of its input.' },
  );
}

/** What tells a model's weights from others: their hash, or where they are where nobody has taken it. */
export function weightsOf({
  name,
  facts,
}: {
  readonly name: string;
  readonly facts: Pick<ModelFacts, 'origin'>;
}): string {
  return facts.origin.weightsSha256 ?? name;
}
