/**
 * Models on disk: a folder with tfjs's `model.json` and one shard of weights, which any tfjs can
 * load, and our card in model.json's `userDefinedMetadata.tf8`. The same model and card give the
 * same bytes. Models that other programs saved in tfjs's formats are read too.
 *
 * Saving is atomic without a moment in which the folder holds no model: the shard is named by its
 * content and written beside the old one, the renaming of model.json switches over, and the shard
 * that is in use no more is removed last.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { INPUT_CHANNELS } from '../../architectures/conv_layer.ts';
import {
  type FloatNetwork,
  networkOfGraph,
  networkOfLayers,
} from '../../architectures/graph/float_network.ts';
import { layersModelOf } from '../../architectures/graph/layers_model_of.ts';
import { InvalidValueError, messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { asFileError, errorCode } from '../../foundation/files/file_errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { ImageSize, PixelRange } from '../input_affine.ts';
import type { GraphOrigin, Reading, ReadModel } from '../read_model.ts';
import { builtModel, checkFinite } from '../tfjs/built_model.ts';
import { isGraphModel, readGraphModel } from '../tfjs/graph_model.ts';
import { splitWeights } from '../tfjs/layer_weights.ts';
import { checkTopology } from '../tfjs/layers_topology.ts';
import { normalizeModel } from '../tfjs/normalize_model.ts';
import { damagedModel, readWeightData, weightsManifestSchema } from '../tfjs/weights_manifest.ts';
import { type ModelCard, modelCardSchema } from './model_card.ts';

const MODEL_JSON = 'model.json';
const CARD_KEY = 'tf8';
/** Above any network's description: that of an InceptionV3 has 0.2 MB. */
const MAX_JSON_BYTES = 64 * 2 ** 20;
/** A shard that this file has written, e.g. `weights-52128a2c5f05c970.bin`. */
const OUR_SHARD = /^weights-[0-9a-f]{16}\.bin$/;

const modelJsonSchema = z.object({
  format: z.string().nullish(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: weightsManifestSchema,
  userDefinedMetadata: z.record(z.string(), z.unknown()).nullish(),
});

type ModelJson = z.infer<typeof modelJsonSchema>;

export interface LoadedModel extends LoadedParts {
  readonly model: tf.LayersModel;
}

/** As `LoadedModel`, in the form that it was read in. */
export interface LoadedNetwork extends LoadedParts {
  readonly network: FloatNetwork;
  /** Of a GraphModel. */
  readonly origin: GraphOrigin | undefined;
  /** What the file does to its input that the network does not. */
  readonly done: ReadModel['done'];
}

interface LoadedParts {
  /** undefined for a model that was not saved here. */
  readonly card: ModelCard | undefined;
  /** Of its model.json. */
  readonly path: string;
  readonly format: 'tfjs LayersModel' | 'tfjs GraphModel';
  /** What was decided in reading the file that its user should know. */
  readonly notes: readonly string[];
  /** What the network takes pixels for, where its file says so. */
  readonly range: PixelRange | undefined;
}

/** The card of a model before it is saved: the hash of its weights is added on saving. */
export type NewModelCard = Omit<ModelCard, 'weightsSha256'>;

/** SHA-256 of a model's weights, as `saveModelFolder` puts it into the card. */
export async function weightsSha256Of(model: tf.LayersModel): Promise<string> {
  const { weightData } = await artifactsOf(model);
  return sha256OfBytes(new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
}

/**
 * Saves a model and its card in the folder `dir`, replacing a model that is there. The optimizer's
 * state is not saved.
 *
 * @returns the card with the hash of the weights
 * @throws UserError naming a weight that is NaN or infinite, or where the folder cannot be written;
 *   InvalidValueError where the card is not that of the model. What was in the folder stays then.
 */
export async function saveModelFolder(
  model: tf.LayersModel,
  newCard: NewModelCard,
  dir: string,
): Promise<ModelCard> {
  checkFinite(model, dir, 'Train again with a lower learning rate.');
  const { modelTopology, weightSpecs, weightData, ...rest } = await artifactsOf(model);
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const parsed = modelCardSchema.safeParse({ ...newCard, weightsSha256: sha256OfBytes(weights) });
  if (!parsed.success) {
    throw new InvalidValueError(
      `Expected a card of ${model.name} but: ${firstIssue(parsed.error)}`,
    );
  }
  const card = parsed.data;
  const disagreement = disagreementOf(model, card);
  if (disagreement !== undefined) throw new InvalidValueError(disagreement);

  const shard = `weights-${card.weightsSha256.slice(0, 16)}.bin`;
  const json = {
    format: rest.format,
    generatedBy: rest.generatedBy,
    convertedBy: rest.convertedBy,
    modelTopology,
    weightsManifest: [{ paths: [shard], weights: weightSpecs }],
    userDefinedMetadata: { ...rest.userDefinedMetadata, [CARD_KEY]: card },
  };
  const path = join(dir, MODEL_JSON);
  const replaced = await shardsOf(path);
  await writeFileAtomic(join(dir, shard), weights);
  await writeFileAtomic(path, `${JSON.stringify(json)}\n`);
  for (const name of replaced) {
    if (name !== shard && OUR_SHARD.test(name)) await rm(join(dir, name), { force: true });
  }
  return card;
}

/**
 * Loads a LayersModel from a folder, or from the model.json of one, ours or not; a GraphModel becomes a
 * LayersModel. Several shards and quantized weights are read. A model with a card is checked against
 * the card's hash.
 *
 * @throws UserError saying what is missing, damaged or not supported
 */
export async function loadModelFolder(pathToFolderOrModelJson: string): Promise<LoadedModel> {
  const { path, json } = await readJson(pathToFolderOrModelJson);
  if (!isGraphModel(json)) return loadLayers(json, path);
  const { graph, ...read } = await readGraphModel(json, path);
  return { model: layersModelOf(graph), ...graphParts(read, path) };
}

/**
 * As `loadModelFolder`, without making a GraphModel one of layers.
 * @param reading how much of a GraphModel is read
 */
export async function loadNetworkFolder(
  pathToFolderOrModelJson: string,
  reading?: Reading,
): Promise<LoadedNetwork> {
  const { path, json } = await readJson(pathToFolderOrModelJson);
  if (!isGraphModel(json)) {
    const { model, ...parts } = await loadLayers(json, path, reading?.resolution);
    return { network: networkOfLayers(model), origin: undefined, done: undefined, ...parts };
  }
  const { graph, unread, origin, done, ...read } = await readGraphModel(json, path, reading);
  return { network: networkOfGraph(graph, unread), origin, done, ...graphParts(read, path) };
}

function graphParts({ notes, range }: Pick<ReadModel, 'notes' | 'range'>, path: string) {
  return { card: undefined, path, format: 'tfjs GraphModel', notes, range } as const;
}

async function loadLayers(
  anyJson: unknown,
  path: string,
  resolution?: ImageSize,
): Promise<LoadedModel> {
  const { json, card, topology, weightSpecs, weightData, range, notes } = await readLayersModel(
    anyJson,
    path,
    resolution,
  );
  // Our card describes these weights only: a copy that tfjs saves elsewhere must not carry it.
  const { [CARD_KEY]: _, ...userDefinedMetadata } = json.userDefinedMetadata ?? {};
  const model = await builtModel(
    {
      topology,
      weightSpecs,
      weightData,
      ...(Object.keys(userDefinedMetadata).length > 0 && { userDefinedMetadata }),
    },
    path,
  );
  const disagreement = card && disagreementOf(model, card);
  if (disagreement !== undefined) {
    model.dispose();
    throw damagedModel(`${path}: ${disagreement}`);
  }
  return { model, card, path, format: 'tfjs LayersModel', notes, range };
}

/**
 * Checks that a model folder is whole, its weights hashed, without building the network.
 * @returns its card, or undefined where it was not saved here
 * @throws UserError as `loadModelFolder` does for missing and damaged files
 */
export async function verifyModelFolder(
  pathToFolderOrModelJson: string,
): Promise<ModelCard | undefined> {
  const { path, json } = await readJson(pathToFolderOrModelJson);
  return (await readLayersModel(json, path)).card;
}

async function readLayersModel(anyJson: unknown, path: string, resolution?: ImageSize) {
  const json = parseModelJson(anyJson, path);
  const card = cardOf(json, path);
  if (card !== undefined) checkTopology(json.modelTopology, path);
  const weights = await readWeightData(path, json.weightsManifest);
  if (card === undefined) {
    const specs = json.weightsManifest.flatMap((group) => group.weights);
    const stored = splitWeights(specs, weights.weightData);
    const normalized = normalizeModel(json.modelTopology, stored, path, {
      resolution,
      isOwnFile: false,
    });
    checkTopology(normalized.topology, path);
    return { json, card, ...normalized };
  }
  const received = sha256OfBytes(weights.weightData);
  if (received !== card.weightsSha256) {
    throw damagedModel(
      `Expected SHA-256 ${card.weightsSha256} for the weights of ${path} but received ${received}`,
    );
  }
  return { json, card, topology: json.modelTopology, ...weights, range: undefined, notes: [] };
}

async function readJson(pathToFolderOrModelJson: string): Promise<{ path: string; json: unknown }> {
  const path = await modelJsonPath(pathToFolderOrModelJson);
  const text = new TextDecoder().decode(await readBounded(path, MAX_JSON_BYTES));
  try {
    return { path, json: JSON.parse(text) };
  } catch (error) {
    throw damagedModel(`Expected JSON in ${path} but: ${messageOf(error)}`, error);
  }
}

async function modelJsonPath(path: string): Promise<string> {
  const candidate = (await kindOf(path)) === 'folder' ? join(path, MODEL_JSON) : path;
  if ((await kindOf(candidate)) === 'file') return candidate;
  throw new UserError(
    `Expected a model folder or a model.json at ${path} but ${candidate} is not a file`,
    { remedy: 'Give the folder that holds model.json and its weights.' },
  );
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'neither'> {
  try {
    const info = await stat(path);
    return info.isDirectory() ? 'folder' : info.isFile() ? 'file' : 'neither';
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return 'neither';
    throw error;
  }
}

function parseModelJson(json: unknown, path: string): ModelJson {
  const parsed = modelJsonSchema.safeParse(json);
  if (!parsed.success) {
    throw damagedModel(`Expected a tfjs LayersModel in ${path} but: ${firstIssue(parsed.error)}`);
  }
  return parsed.data;
}

function cardOf(json: ModelJson, path: string): ModelCard | undefined {
  const card = json.userDefinedMetadata?.[CARD_KEY];
  if (card === undefined) return undefined;
  const parsed = modelCardSchema.safeParse(card);
  if (parsed.success) return parsed.data;
  throw damagedModel(`Expected a model card in ${path} but: ${firstIssue(parsed.error)}`);
}

/** What the card says of the model's input and output against what they are. */
function disagreementOf(model: tf.LayersModel, card: ModelCard): string | undefined {
  const { architecture } = card;
  const { resolution, classes } = architecture;
  const isOther = architecture.network === 'other';
  const [width, channels] = isOther
    ? [architecture.width, architecture.channels]
    : [resolution, INPUT_CHANNELS];
  const shapes = (all: readonly (readonly (number | null)[])[]) =>
    all.map((shape) => `[${shape.map((size) => size ?? 'N').join(',')}]`).join(' and ');
  const inputs = model.inputs.map(({ shape }) => shape);
  // The card of another network speaks of its first output, be that a vector or not.
  const outputs = isOther
    ? [[null, model.outputs[0].shape.at(-1)!]]
    : model.outputs.map(({ shape }) => shape);
  const expected = `[N,${resolution},${width},${channels}] to [N,${classes}]`;
  const received = `${shapes(inputs)} to ${shapes(outputs)}`;
  if (received === expected) return undefined;
  return `Expected a network from ${expected}, as the card says, but ${model.name} goes from ${received}`;
}

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  return saved;
}

/** The shards of the model that is about to be replaced; none where there is no whole model. */
async function shardsOf(path: string): Promise<string[]> {
  try {
    if ((await kindOf(path)) !== 'file') return [];
    const { json } = await readJson(path);
    return parseModelJson(json, path).weightsManifest.flatMap(({ paths }) => paths);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw asFileError(error, path);
  }
}
