/** Float models of any program whose files are read here, by what the files hold. */
import type * as tf from '@tensorflow/tfjs';
import type { NetworkConfig } from '../architectures/network.ts';
import { checkpointModel } from './checkpoint_model.ts';
import { type FloatModelPlace, floatModelPlace } from './float_model_place.ts';
import { loadFrozenGraph } from './graph_def/frozen_graph.ts';
import type { ReadModel } from './graph_def/network/graph_to_model.ts';
import { loadSavedModel } from './graph_def/saved_model.ts';
import type { ModelCard } from './store/model_card.ts';
import { loadModelFolder } from './store/model_store.ts';
import { openCheckpointV1 } from './tensor_bundle/checkpoint_v1.ts';
import { openCheckpointV2 } from './tensor_bundle/checkpoint_v2.ts';

export type FloatFormat =
  | 'tfjs LayersModel'
  | 'tfjs GraphModel'
  | 'TensorFlow SavedModel'
  | 'TensorFlow frozen graph'
  | 'TensorFlow checkpoint V1'
  | 'TensorFlow checkpoint V2';

export interface FloatModel {
  readonly model: tf.LayersModel;
  /** undefined for a model that was not saved here. */
  readonly card: ModelCard | undefined;
  readonly format: FloatFormat;
  /** The network with our layers' names; undefined where the file does not say. */
  readonly config: NetworkConfig | undefined;
  /** What was decided in reading the file that its user should know. */
  readonly notes: readonly string[];
}

/**
 * Loads a float model from a file, a folder or a checkpoint's prefix.
 * @returns undefined where the path is none that is read here
 * @throws UserError where it is damaged, or is a network that TF8 has no operations for
 */
export async function loadFloatModel(path: string): Promise<FloatModel | undefined> {
  const place = await floatModelPlace(path);
  return place && loadFloatModelAt(place);
}

/**
 * Loads the float model that was found.
 * @throws as `loadFloatModel`
 */
export async function loadFloatModelAt(place: FloatModelPlace): Promise<FloatModel> {
  switch (place.kind) {
    case 'tfjs': {
      const { model, card, format, notes } = await loadModelFolder(place.path);
      return { model, card, format, config: undefined, notes };
    }
    case 'saved model':
      return imported('TensorFlow SavedModel', await loadSavedModel(place.path));
    case 'frozen graph':
      return imported('TensorFlow frozen graph', await loadFrozenGraph(place.path));
    case 'V1':
      return imported(
        'TensorFlow checkpoint V1',
        await checkpointModel(await openCheckpointV1(place.path)),
      );
    case 'V2':
      return imported(
        'TensorFlow checkpoint V2',
        await checkpointModel(await openCheckpointV2(place.path)),
      );
  }
}

function imported(
  format: FloatFormat,
  { model, notes, config }: ReadModel & { readonly config?: NetworkConfig },
): FloatModel {
  return { model, card: undefined, format, config, notes };
}
