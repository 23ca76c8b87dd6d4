/** Where float models lie, of any program whose files are read here: by names and first bytes. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../foundation/errors.ts';
import { type ByteSource, fileSource } from '../foundation/files/byte_source.ts';
import { FILE_IDENTIFIER } from '../foundation/flatbuffers/tflite_schema.ts';
import { HDF5_SIGNATURE } from '../foundation/hdf5/signature.ts';
import { isZipWith, startsWith } from './file_starts.ts';
import { SAVED_MODEL_FILE } from './graph_def/saved_model_file.ts';
import { KERAS_CONFIG } from './keras/keras_config.ts';
import { isOnnx } from './onnx/is_onnx.ts';
import { isSortedTable } from './tensor_bundle/sorted_table.ts';

/** What is read here, for errors and help. */
export const FLOAT_MODEL_FILES =
  'a tfjs model.json or its folder, a SavedModel folder, a frozen graph (.pb), a TensorFlow Lite file (.tflite), a Keras file (.keras, .h5), an ONNX model (.onnx), a TensorFlow checkpoint (its .index, its prefix, or a V1 file), a zip of one of these';

/** Files of a checkpoint of version 2. */
const BUNDLE_FILE = /^(.+)\.(?:index|data-\d{5}-of-\d{5})$/;
const FROZEN_GRAPH = /\.pb$/;
const TFLITE = /\.(?:tflite|lite)$/i;
const KERAS_H5 = /\.(?:h5|hdf5)$/i;
const KERAS_ZIP = /\.keras$/i;
const ONNX = /\.onnx$/i;
const ZIP = /\.zip$/i;
/** What is a model by itself. */
const ALONE: readonly RegExp[] = [FROZEN_GRAPH, TFLITE, KERAS_H5, KERAS_ZIP, ONNX];
/** TensorFlow writes the newest checkpoint's name into this file. */
const CHECKPOINT_STATE = 'checkpoint';
const STATE_LINE = /^model_checkpoint_path: "([^"]*)"/m;
const MAX_STATE_BYTES = 2 ** 20;

/** How a path is to be read. */
export interface FloatModelPlace {
  readonly kind:
    | 'tfjs'
    | 'saved model'
    | 'frozen graph'
    | 'tflite'
    | 'keras h5'
    | 'keras zip'
    | 'onnx'
    | 'zip'
    | 'V1'
    | 'V2';
  readonly path: string;
}

/**
 * Tells by a look at a path how it is to be read, without reading it: nothing of TensorFlow is loaded.
 * @returns undefined where the path is none that is read here
 * @throws UserError where a folder holds several models
 */
export async function floatModelPlace(path: string): Promise<FloatModelPlace | undefined> {
  if (!existsSync(path)) return existsSync(`${path}.index`) ? { kind: 'V2', path } : undefined;
  if ((await stat(path)).isDirectory()) return placeInFolder(path);
  const name = basename(path);
  if (name.endsWith('.json')) return { kind: 'tfjs', path };
  if (name === SAVED_MODEL_FILE) return { kind: 'saved model', path: dirname(path) };
  const keras = await kerasKind(path);
  if (keras !== undefined) return { kind: keras, path };
  if (FROZEN_GRAPH.test(name)) return { kind: 'frozen graph', path };
  if (TFLITE.test(name)) return { kind: 'tflite', path };
  if (KERAS_H5.test(name)) return { kind: 'keras h5', path };
  if (KERAS_ZIP.test(name)) return { kind: 'keras zip', path };
  if (ONNX.test(name)) return { kind: 'onnx', path };
  if (ZIP.test(name)) return { kind: 'zip', path };
  const prefix = BUNDLE_FILE.exec(name)?.[1];
  if (prefix !== undefined) return { kind: 'V2', path: join(dirname(path), prefix) };
  const source = await fileSource(path);
  try {
    if (await isTflite(source)) return { kind: 'tflite', path };
    if (await isOnnx(source)) return { kind: 'onnx', path };
    return (await isSortedTable(source)) ? { kind: 'V1', path } : undefined;
  } finally {
    await source.close();
  }
}

async function placeInFolder(folder: string): Promise<FloatModelPlace | undefined> {
  const at = (name: string) => join(folder, name);
  if (existsSync(at('model.json'))) return { kind: 'tfjs', path: folder };
  if (existsSync(at(SAVED_MODEL_FILE))) return { kind: 'saved model', path: folder };
  const newest = await newestCheckpoint(folder);
  if (newest !== undefined) return floatModelPlace(at(newest));
  const names = await readdir(folder);
  const indices = names.filter((name) => name.endsWith('.index'));
  const graphs = names.filter((name) => ALONE.some((kind) => kind.test(name)));
  if (indices.length === 1) return floatModelPlace(at(indices[0]));
  if (indices.length === 0 && graphs.length === 1) return floatModelPlace(at(graphs[0]));
  if (indices.length + graphs.length === 0) return undefined;
  throw new UserError(
    `Expected one model in ${folder} but it holds ${[...indices, ...graphs].sort().join(', ')}`,
    { remedy: 'Pass the path of one of them.' },
  );
}

/** What Keras writes, by its content, whatever it is called. */
async function kerasKind(path: string): Promise<'keras h5' | 'keras zip' | undefined> {
  const source = await fileSource(path);
  try {
    if (await startsWith(source, 0, HDF5_SIGNATURE)) return 'keras h5';
    return (await isZipWith(source, KERAS_CONFIG)) ? 'keras zip' : undefined;
  } finally {
    await source.close();
  }
}

/** A FlatBuffer has what it is behind the way to its root. */
async function isTflite(source: ByteSource): Promise<boolean> {
  if (source.size < 8) return false;
  return String.fromCharCode(...(await source.read(4, 4))) === FILE_IDENTIFIER;
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
