import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { buildNetwork, networkConfig } from '../../architectures/network.ts';
import { NETWORK_NAMES, networkNamed } from '../../architectures/registry.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { architectureOf } from '../../checkpoints/store/model_card.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { LabelledBatch, LabelledDataset, Split } from '../../datasets/dataset.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { type LabelledPixels, pixelDataset } from '../../datasets/pixel_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { BEST, OPTION_1, type Recipe } from '../../quantize/convert/recipe.ts';
import { TFLITE } from '../../quantize/export/tflite/tflite.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../../quantize/params/quantization.ts';
import { type OpenedFloatModel, openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { disjointData } from '../../workflows/reproduce/table_data.ts';
import { writeNetwork } from '../peers/network/network_files.ts';
import type { QuantizedImages } from '../peers/runtimes/network_loader.ts';
import { NETWORK } from './record.ts';
import { drawLikeTrained } from './trained_like_weights.ts';

export const CALIBRATION_IMAGES = 32;
/** Of a network with random weights. */
const CLASSES = 1000;
/** Our export, for LiteRT. */
export const EXPORTED = 'uint8.tflite';
export const SEED = 0;

/** The network, and the images that everybody runs it on. */
export interface Workload {
  readonly tf8: Tf8Model;
  /** Of a network by its name, which is no checkpoint: drawn as trained ones are distributed. */
  readonly hasRandomWeights: boolean;
  /** Folder that `writeNetwork` wrote. */
  readonly source: string;
  /** [N, H, W, C] uint8, as the TF8 model's input has them */
  readonly images: Uint8Array;
  readonly imageFile: QuantizedImages;
  /** What the images are, for people: "photographs" or "pictures of waves". */
  readonly content: string;
  /** [N, classes] of the float network on the same images. */
  readonly floatLogits: readonly Float32Array[];
}

export interface WorkloadOptions {
  /** A MODEL of the command, or a network of the registry: with random weights where none are published. */
  readonly network: string;
  /** For what the peers read. */
  readonly folder: string;
  /** Photographs; those beside the repository unless given. */
  readonly imagenet: string | undefined;
  /** Images to run on. */
  readonly count: number;
}

/** @throws UserError where there are too few photographs; what the opening of network and images throws */
export async function prepareWorkload(
  { network, folder, imagenet, count }: WorkloadOptions,
  context: Context,
): Promise<Workload> {
  const { dataset, content } = await openImages(imagenet, context);
  const opened = await openNetwork(network, folder, context);
  const calibration = { dataset, images: CALIBRATION_IMAGES, seed: SEED, skip: 0 };
  const { model: tf8, graph } = await quantizeModel(
    opened,
    recipeFor(network),
    calibration,
    context,
  );
  opened.dispose();

  const [resolution, width, channels] = tf8.input.shape;
  const take = (split: Split, limit: number) =>
    takeBatch(dataset, split, resolution, limit, context.signal);
  await writeNetwork(folder, graph, [await take('train', CALIBRATION_IMAGES)]);
  const source = { model: tf8, tf8: await encodeTf8(tf8), fileName: EXPORTED };
  for (const { name, bytes } of TFLITE.encode(source)) await writeFile(join(folder, name), bytes);

  const { images: pixels } = await take('test', count);
  const { scale, zeroPoint } = tf8.input.quantization;
  const images = quantizeArray(pixels, tf8.input.quantization);
  const path = join(folder, 'checked.u8');
  await writeFile(path, images);
  const runner = new FloatRunner(graph);
  const real = dequantizeArray(images, tf8.input.quantization);
  const shape = [count, resolution, width, channels] as const;
  const [logits] = runner.outputs(real, shape);
  runner.dispose();
  const classes = logits.length / count;
  return {
    tf8,
    hasRandomWeights: unpublished(network) !== undefined,
    source: folder,
    images,
    imageFile: { path, shape, scale, zeroPoint },
    content,
    floatLogits: Array.from({ length: count }, (_, n) =>
      logits.subarray(n * classes, (n + 1) * classes),
    ),
  };
}

/** A network of the registry without published weights. */
function unpublished(network: string): (typeof NETWORK_NAMES)[number] | undefined {
  if (PUBLIC_CHECKPOINTS.some(({ name }) => name === network)) return undefined;
  return NETWORK_NAMES.find((name) => name === network);
}

export function recipeFor(network: string): Recipe {
  return network === NETWORK ? OPTION_1 : BEST;
}

/** A network with its published weights, else with random ones that take as long as trained ones. */
export async function openNetwork(
  network: string,
  folder: string,
  context: Context,
): Promise<OpenedFloatModel> {
  const known = unpublished(network);
  if (known === undefined) return openFloatModel(network, context);
  const { resolution } = networkNamed(known);
  const config = networkConfig(known, STANDARD, { resolution, classes: CLASSES });
  context.reporter.info(`${known}: with random weights, as none are published`);
  const model = buildNetwork(config, { seed: SEED });
  drawLikeTrained(model, SEED);
  const dir = join(folder, known);
  const card = {
    architecture: architectureOf(config),
    dataset: 'imagenet',
    classNames: [],
    labelOffset: 0,
    origin: { source: 'random weights', route: 'seed', sha256: '0'.repeat(64) },
  };
  await saveModelFolder(model, card, dir);
  model.dispose();
  return openFloatModel(dir, context);
}

export async function takeBatch(
  dataset: LabelledDataset,
  split: Split,
  resolution: number,
  limit: number,
  signal: AbortSignal,
): Promise<LabelledBatch> {
  const options = { split, batchSize: limit, limit, resolution, seed: SEED, signal };
  for await (const batch of dataset.batches(options)) {
    if (batch.shape[0] === limit) return batch;
  }
  throw new UserError(
    `Expected ${limit} images that can be read but ${dataset.name} holds ${dataset.count(split)} for "${split}"`,
    { remedy: 'Pass a folder with more photographs as --imagenet DIR.' },
  );
}

export async function openImages(
  imagenet: string | undefined,
  context: Context,
): Promise<{ dataset: LabelledDataset; content: string }> {
  const beside = resolve(repositoryRoot(), '..', 'shared', 'imagenet-samples');
  const dir = imagenet ?? (existsSync(beside) ? beside : undefined);
  if (dir === undefined) return { dataset: waves(), content: 'pictures of waves' };
  const { dataset } = disjointData(await openDataset('imagenet', { ...context, dir }));
  return { dataset, content: 'photographs' };
}

/** Pictures that differ and have every colour, for those who have no photographs. */
function waves(): LabelledDataset {
  const size = 224;
  const pixels = (count: number, phase: number): LabelledPixels => ({
    pixels: Uint8Array.from({ length: count * size * size * 3 }, (_, index) => {
      const picture = Math.floor(index / (size * size * 3));
      return Math.round(127.5 + 127.5 * Math.sin(phase + index / (31 + 7 * picture)));
    }),
    labels: new Uint8Array(count),
    height: size,
    width: size,
    channels: 3,
  });
  return pixelDataset({
    name: 'waves',
    classNames: ['wave'],
    origin: 'drawn for the bench',
    splits: { train: pixels(CALIBRATION_IMAGES, 0), test: pixels(CALIBRATION_IMAGES, 1) },
  });
}
