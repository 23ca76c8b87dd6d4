/** Float models of any program whose files are read here, by what the files hold. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { NetworkConfig } from '../architectures/network.ts';
import { UserError } from '../foundation/errors.ts';
import { fileSource } from '../foundation/files/byte_source.ts';
import { checkpointModel } from './checkpoint_model.ts';
import { loadFrozenGraph } from './graph_def/frozen_graph.ts';
import type { ReadModel } from './graph_def/network/graph_to_model.ts';
import { loadSavedModel, SAVED_MODEL_FILE } from './graph_def/saved_model.ts';
import type { ModelInput, PixelRange } from './input_affine.ts';
import type { ModelCard } from './store/model_card.ts';
import { loadModelFolder } from './store/model_store.ts';
import { openCheckpointV1 } from './tensor_bundle/checkpoint_v1.ts';
import { openCheckpointV2 } from './tensor_bundle/checkpoint_v2.ts';
import { isSortedTable } from './tensor_bundle/sorted_table.ts';

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
  /** The images that it takes. */
  readonly input: ModelInput;
  /** What was decided in reading the file that its user should know. */
  readonly notes: readonly string[];
}

/** What is read here, for errors and help. */
export const FLOAT_MODEL_FILES =
  'a tfjs model.json or its folder, a SavedModel folder, a frozen graph (.pb), a TensorFlow checkpoint (its .index, its prefix, or a V1 file)';

/** Files of a checkpoint of version 2. */
const BUNDLE_FILE = /^(.+)\.(?:index|data-\d{5}-of-\d{5})$/;
const FROZEN_GRAPH = /\.pb$/;
/** TensorFlow writes the newest checkpoint's name into this file. */
const CHECKPOINT_STATE = 'checkpoint';
const STATE_LINE = /^model_checkpoint_path: "([^"]*)"/m;
const MAX_STATE_BYTES = 2 ** 20;

/** Of images: grey or RGB. */
const CHANNELS: ReadonlySet<number> = new Set([1, 3]);

/** How a path is to be read. */
interface Place {
  readonly kind: 'tfjs' | 'saved model' | 'frozen graph' | 'V1' | 'V2';
  readonly path: string;
}

/**
 * Loads a float model from a file, a folder or a checkpoint's prefix.
 * @returns undefined where the path is none that is read here
 * @throws UserError where it is damaged, or is a network that TF8 has no operations for
 */
export async function loadFloatModel(path: string): Promise<FloatModel | undefined> {
  const place = await placeOf(path);
  if (place === undefined) return undefined;
  switch (place.kind) {
    case 'tfjs': {
      const { model, card, format, notes, range } = await loadModelFolder(place.path);
      const input = inputOf(model, place.path, range);
      return { model, card, format, config: undefined, notes, input };
    }
    case 'saved model':
      return imported(place.path, 'TensorFlow SavedModel', await loadSavedModel(place.path));
    case 'frozen graph':
      return imported(place.path, 'TensorFlow frozen graph', await loadFrozenGraph(place.path));
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
  }
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
  const input = inputOf(model, path, range);
  return { model, card: undefined, format, config, notes, input };
}

/**
 * What the model takes.
 * @throws UserError, disposing of the model, where that is no image of a known size, grey or in colours
 */
function inputOf(model: tf.LayersModel, path: string, range: PixelRange | undefined): ModelInput {
  const shapes = model.inputs.map(({ shape }) => shape.slice(1));
  const [height, width, channels] = shapes[0];
  const isImage =
    shapes.length === 1 && shapes[0].length === 3 && height && width && CHANNELS.has(channels ?? 0);
  if (isImage) return { height, width, channels: channels!, range };
  model.dispose();
  const sides = shapes.map((shape) => `[N,${shape.map((side) => side ?? '?')}]`).join(' and ');
  throw new UserError(
    `Expected a network of images [N,H,W,3] or [N,H,W,1] of a fixed size but ${path} takes ${sides}`,
    { remedy: 'Make the network for images of one size with 3 channels (RGB) or 1 (grey).' },
  );
}

async function placeOf(path: string): Promise<Place | undefined> {
  if (!existsSync(path)) return existsSync(`${path}.index`) ? { kind: 'V2', path } : undefined;
  if ((await stat(path)).isDirectory()) return placeInFolder(path);
  const name = basename(path);
  if (name.endsWith('.json')) return { kind: 'tfjs', path };
  if (name === SAVED_MODEL_FILE) return { kind: 'saved model', path: dirname(path) };
  if (FROZEN_GRAPH.test(name)) return { kind: 'frozen graph', path };
  const prefix = BUNDLE_FILE.exec(name)?.[1];
  if (prefix !== undefined) return { kind: 'V2', path: join(dirname(path), prefix) };
  const source = await fileSource(path);
  try {
    return (await isSortedTable(source)) ? { kind: 'V1', path } : undefined;
  } finally {
    await source.close();
  }
}

async function placeInFolder(folder: string): Promise<Place | undefined> {
  const at = (name: string) => join(folder, name);
  if (existsSync(at('model.json'))) return { kind: 'tfjs', path: folder };
  if (existsSync(at(SAVED_MODEL_FILE))) return { kind: 'saved model', path: folder };
  const newest = await newestCheckpoint(folder);
  if (newest !== undefined) return placeOf(at(newest));
  const names = await readdir(folder);
  const indices = names.filter((name) => name.endsWith('.index'));
  const graphs = names.filter((name) => FROZEN_GRAPH.test(name));
  if (indices.length === 1) return placeOf(at(indices[0]));
  if (indices.length === 0 && graphs.length === 1) return placeOf(at(graphs[0]));
  if (indices.length + graphs.length === 0) return undefined;
  throw new UserError(
    `Expected one model in ${folder} but it holds ${[...indices, ...graphs].sort().join(', ')}`,
    { remedy: 'Pass the path of one of them.' },
  );
}

/** The name that the file `checkpoint` gives, which stays in the folder. */
async function newestCheckpoint(folder: string): Promise<string | undefined> {
  const path = join(folder, CHECKPOINT_STATE);
  if (!existsSync(path)) return undefined;
  const info = await stat(path);
  if (!info.isFile() || info.size > MAX_STATE_BYTES) return undefined;
  const named = STATE_LINE.exec(await readFile(path, 'utf8'))?.[1];
  if (named === undefined) return undefined;
  // Paths of the machine that trained mean the file of that name beside it.
  const name = basename(named);
  return existsSync(join(folder, name)) || existsSync(join(folder, `${name}.index`))
    ? name
    : undefined;
}
