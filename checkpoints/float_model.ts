/** Float models of any program whose files are read here, by what the files hold. */
import {
  type FloatNetwork,
  networkOfGraph,
  networkOfLayers,
} from '../architectures/graph/float_network.ts';
import type { NetworkConfig } from '../architectures/network.ts';
import { UserError } from '../foundation/errors.ts';
import { checkpointModel } from './checkpoint_model.ts';
import { type FloatModelPlace, floatModelPlace } from './float_model_place.ts';
import { loadFrozenGraph } from './graph_def/frozen_graph.ts';
import type { ReadModel } from './graph_def/network/graph_to_model.ts';
import { loadSavedModel } from './graph_def/saved_model.ts';
import type { GraphOfImages } from './graph_input.ts';
import type { ImageSize, ModelInput, PixelRange } from './input_affine.ts';
import { loadKerasH5 } from './keras/keras_h5.ts';
import { loadKerasZip } from './keras/keras_zip.ts';
import { loadOnnx } from './onnx/read_onnx.ts';
import type { ModelCard } from './store/model_card.ts';
import { loadModelFolder } from './store/model_store.ts';
import { openCheckpointV1 } from './tensor_bundle/checkpoint_v1.ts';
import { openCheckpointV2 } from './tensor_bundle/checkpoint_v2.ts';
import { loadTflite } from './tflite/read_tflite.ts';

export type FloatFormat =
  | 'tfjs LayersModel'
  | 'tfjs GraphModel'
  | 'TensorFlow SavedModel'
  | 'TensorFlow frozen graph'
  | 'TensorFlow checkpoint V1'
  | 'TensorFlow checkpoint V2'
  | 'TensorFlow Lite'
  | 'ONNX'
  | 'Keras HDF5'
  | 'Keras 3';

export interface FloatModel {
  readonly network: FloatNetwork;
  /** undefined for a model that was not saved here. */
  readonly card: ModelCard | undefined;
  readonly format: FloatFormat;
  /** The network with our layers' names; undefined where the file does not say. */
  readonly config: NetworkConfig | undefined;
  /** The images that it takes. */
  readonly input: ModelInput;
  /** What was decided in reading the file that its user should know. */
  readonly notes: readonly string[];
}

/** Of images: grey or RGB. */
const CHANNELS: ReadonlySet<number> = new Set([1, 3]);

/**
 * Loads a float model from a file, a folder or a checkpoint's prefix.
 * @returns undefined where the path is none that is read here
 * @throws UserError where it is damaged, or is a network that TF8 has no operations for
 */
export async function loadFloatModel(
  path: string,
  options: LoadOptions = {},
): Promise<FloatModel | undefined> {
  const place = await floatModelPlace(path);
  return place && loadFloatModelAt(place, options);
}

export interface LoadOptions {
  /** Of the images of a network that leaves it open. */
  readonly resolution?: ImageSize | undefined;
}

/**
 * Loads the float model that was found.
 * @throws as `loadFloatModel`
 */
export async function loadFloatModelAt(
  place: FloatModelPlace,
  { resolution }: LoadOptions = {},
): Promise<FloatModel> {
  switch (place.kind) {
    case 'tfjs': {
      const { model, card, format, notes, range } = await loadModelFolder(place.path, resolution);
      const network = networkOfLayers(model);
      const input = inputOf(network, place.path, range);
      return { network, card, format, config: undefined, notes, input };
    }
    case 'saved model':
      return imported(place.path, 'TensorFlow SavedModel', await loadSavedModel(place.path));
    case 'frozen graph':
      return imported(place.path, 'TensorFlow frozen graph', await loadFrozenGraph(place.path));
    case 'keras h5':
      return imported(place.path, 'Keras HDF5', await loadKerasH5(place.path, resolution));
    case 'keras zip':
      return imported(place.path, 'Keras 3', await loadKerasZip(place.path, resolution));
    case 'V1':
      return imported(
        place.path,
        'TensorFlow checkpoint V1',
        await checkpointModel(await openCheckpointV1(place.path)),
      );
    case 'V2':
      return imported(
        place.path,
        'TensorFlow checkpoint V2',
        await checkpointModel(await openCheckpointV2(place.path)),
      );
    case 'tflite':
      return ofGraph(place.path, 'TensorFlow Lite', await loadTflite(place.path));
    case 'onnx':
      return ofGraph(place.path, 'ONNX', await loadOnnx(place.path, resolution));
  }
}

function ofGraph(
  path: string,
  format: FloatFormat,
  { graph, range, notes }: GraphOfImages,
): FloatModel {
  const network = networkOfGraph(graph);
  const input = inputOf(network, path, range);
  return { network, card: undefined, format, config: undefined, notes, input };
}

function imported(
  path: string,
  format: FloatFormat,
  {
    model,
    notes,
    config,
    range,
  }: Omit<ReadModel, 'range'> & Partial<ReadModel> & { readonly config?: NetworkConfig },
): FloatModel {
  const network = networkOfLayers(model);
  const input = inputOf(network, path, range);
  return { network, card: undefined, format, config, notes, input };
}

/**
 * What the model takes.
 * @throws UserError, disposing of the model, where that is no image of a known size, grey or in colours
 */
function inputOf(network: FloatNetwork, path: string, range: PixelRange | undefined): ModelInput {
  const shapes = network.inputShapes;
  const [height, width, channels] = shapes[0];
  const isImage =
    shapes.length === 1 && shapes[0].length === 3 && height && width && CHANNELS.has(channels ?? 0);
  if (isImage) return { height, width, channels: channels!, range };
  network.dispose();
  const sides = shapes.map((shape) => `[N,${shape.map((side) => side ?? '?')}]`).join(' and ');
  throw new UserError(
    `Expected a network of images [N,H,W,3] or [N,H,W,1] of a fixed size but ${path} takes ${sides}`,
    { remedy: 'Make the network for images of one size with 3 channels (RGB) or 1 (grey).' },
  );
}
