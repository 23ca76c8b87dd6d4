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
import { loadSavedModel } from './graph_def/saved_model.ts';
import type { ChannelAffine, ModelInput, PixelRange } from './input_affine.ts';
import { loadKerasH5 } from './keras/keras_h5.ts';
import type { KerasFileModel } from './keras/keras_model.ts';
import { loadKerasZip } from './keras/keras_zip.ts';
import { loadOnnx } from './onnx/read_onnx.ts';
import type { GraphOrigin, Reading, ReadModel } from './read_model.ts';
import type { ModelCard } from './store/model_card.ts';
import { loadNetworkFolder } from './store/model_store.ts';
import { openCheckpointV1 } from './tensor_bundle/checkpoint_v1.ts';
import { openCheckpointV2 } from './tensor_bundle/checkpoint_v2.ts';
import type { Checkpoint } from './tensor_bundle/variables.ts';
import { loadTflite } from './tflite/read_tflite.ts';
import { withModelFiles } from './zipped_model.ts';

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
  /** What the file does to its input that the network does not: images come with that done. */
  readonly done: ChannelAffine | undefined;
  /** Where the network's tensors are in its file; undefined where that has layers or weights alone. */
  readonly origin: GraphOrigin | undefined;
  /** Of a file that Keras wrote a network in. */
  readonly kerasVersion?: 2 | 3 | undefined;
}

/** Of images: grey, RGB or RGBA. */
const CHANNELS: ReadonlySet<number> = new Set([1, 3, 4]);

/**
 * Loads a float model from a file, a folder or a checkpoint's prefix.
 * @returns undefined where the path is none that is read here
 * @throws UserError where it is damaged, or is a network that TF8 has no operations for
 */
export async function loadFloatModel(
  path: string,
  reading?: Reading,
): Promise<FloatModel | undefined> {
  const place = await floatModelPlace(path);
  return place && loadFloatModelAt(place, reading);
}

/**
 * Loads the float model that was found.
 * @throws as `loadFloatModel`
 */
export async function loadFloatModelAt(
  place: FloatModelPlace,
  reading?: Reading,
): Promise<FloatModel> {
  switch (place.kind) {
    case 'tfjs': {
      const { network, range, ...folder } = await loadNetworkFolder(place.path, reading);
      const { card, format, notes, done, origin } = folder;
      const input = inputOf(network, place.path, range);
      return { network, card, format, config: undefined, notes, input, done, origin };
    }
    case 'saved model':
      return ofGraph(place, 'TensorFlow SavedModel', await loadSavedModel(place.path, reading));
    case 'frozen graph':
      return ofGraph(place, 'TensorFlow frozen graph', await loadFrozenGraph(place.path, reading));
    case 'V1':
      return ofCheckpoint(place, 'TensorFlow checkpoint V1', await openCheckpointV1(place.path));
    case 'V2':
      return ofCheckpoint(place, 'TensorFlow checkpoint V2', await openCheckpointV2(place.path));
    case 'tflite':
      return ofGraph(place, 'TensorFlow Lite', await loadTflite(place.path, reading));
    case 'onnx':
      return ofGraph(place, 'ONNX', await loadOnnx(place.path, reading));
    case 'keras h5':
      return ofLayers(place, 'Keras HDF5', await loadKerasH5(place.path, reading?.resolution));
    case 'zip':
      return withModelFiles(place, (inner) => loadFloatModelAt(inner, reading));
    case 'keras zip':
      return ofLayers(place, 'Keras 3', await loadKerasZip(place.path, reading?.resolution));
  }
}

function ofGraph({ path }: FloatModelPlace, format: FloatFormat, read: ReadModel): FloatModel {
  const { graph, unread, notes, range, done, origin } = read;
  const network = networkOfGraph(graph, unread);
  const input = inputOf(network, path, range);
  return { network, card: undefined, format, config: undefined, notes, input, done, origin };
}

async function ofCheckpoint(
  { path }: FloatModelPlace,
  format: FloatFormat,
  checkpoint: Checkpoint,
): Promise<FloatModel> {
  return ofLayers({ path }, format, { range: undefined, ...(await checkpointModel(checkpoint)) });
}

function ofLayers(
  { path }: Pick<FloatModelPlace, 'path'>,
  format: FloatFormat,
  { model, notes, config, range, done, version: kerasVersion }: KerasFileModel,
): FloatModel {
  const network = networkOfLayers(model);
  const input = inputOf(network, path, range);
  const origin = undefined;
  return { network, card: undefined, format, config, notes, input, done, origin, kerasVersion };
}

/**
 * What the model takes.
 * @throws UserError, disposing of the model, where that is no image of a known size, grey or in colours
 */
function inputOf(network: FloatNetwork, path: string, range?: PixelRange): ModelInput {
  const shapes = network.inputShapes;
  const [height, width, channels] = shapes[0];
  const isImage =
    shapes.length === 1 && shapes[0].length === 3 && height && width && CHANNELS.has(channels ?? 0);
  if (isImage) return { height, width, channels: channels!, range };
  network.dispose();
  const sides = shapes.map((shape) => `[N,${shape.map((side) => side ?? '?')}]`).join(' and ');
  throw new UserError(
    `Expected a network of images [N,H,W,3], [N,H,W,4] or [N,H,W,1] of a fixed size but ${path} takes ${sides}`,
    {
      remedy:
        'Make the network for images of one size with 3 channels (RGB), 4 (RGBA) or 1 (grey).',
    },
  );
}
