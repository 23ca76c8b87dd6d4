import type * as tf from '@tensorflow/tfjs';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { type InputRange, type OriginFacts, SYMMETRIC } from '../open/model_facts.ts';
import type { OtherNetwork } from './trained_network.ts';

/** A network that no row describes, with the weights that a training of it starts with. */
export interface StoredOther {
  readonly model: tf.LayersModel;
  readonly card: ModelCard;
  /** Of the images that it takes. */
  readonly range: InputRange;
  readonly start: Pick<OriginFacts, 'source' | 'weightsSha256'>;
}

/** Loads the network of a folder, its batch norms with the recipe's decay. */
export async function loadOther(
  { folder }: OtherNetwork,
  { batchNormDecay }: Pick<Recipe, 'batchNormDecay'>,
): Promise<StoredOther> {
  const { model, card } = await loadModelFolder(folder);
  if (card === undefined) {
    model.dispose();
    throw new InvalidValueError(`Expected a model with a card in ${folder} but it has none`);
  }
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    if (batchNormDecay !== undefined) (layer as { momentum?: number }).momentum = batchNormDecay;
  }
  const { origin, weightsSha256, preprocessing } = card;
  return {
    model,
    card,
    range: preprocessing?.range ?? SYMMETRIC,
    start: { source: origin.source, weightsSha256 },
  };
}
