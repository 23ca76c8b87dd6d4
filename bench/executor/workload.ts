import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { LabelledBatch, LabelledDataset, Split } from '../../datasets/dataset.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { type LabelledPixels, pixelDataset } from '../../datasets/pixel_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import type { ObservedRange } from '../../quantize/convert/observed_range.ts';
import { type Tf8Model, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import {
  BYTE_MAX,
  dequantize,
  dequantizeArray,
  quantizeArray,
} from '../../quantize/params/quantization.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { disjointData } from '../../workflows/reproduce/table_data.ts';
import { writeNetwork } from '../peers/network/network_files.ts';
import type { QuantizedImages } from '../peers/runtimes/network_loader.ts';

export const NETWORK = 'mobilenet_v1_1.0_224';
/** Everybody's folded weights: those that 8 bits leave something of (the paper's Option 1). */
const ZERO_VARIANCE = 'mean';
const CALIBRATION_IMAGES = 32;
const SEED = 0;

/** The network, and the images that everybody runs it on. */
export interface Workload {
  readonly tf8: Tf8Model;
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
  /** For what the peers read. */
  readonly folder: string;
  /** Photographs; those beside the repository unless given. */
  readonly imagenet: string | undefined;
  /** Images to run on. */
  readonly count: number;
}

/** @throws UserError where there are too few photographs; what the opening of network and images throws */
export async function prepareWorkload(
  { folder, imagenet, count }: WorkloadOptions,
  context: Context,
): Promise<Workload> {
  const { dataset, content } = await openImages(imagenet, context);
  const opened = await openFloatModel(NETWORK, context);
  const calibration = { dataset, images: CALIBRATION_IMAGES, seed: SEED, skip: 0 };
  const { model: tf8 } = await quantizeModel(opened, ZERO_VARIANCE, calibration, context);
  const graph = fuseGraph(opened.graph, { zeroVariance: ZERO_VARIANCE });
  opened.dispose();

  const [resolution, width, channels] = tf8.input.shape;
  const take = (split: Split, limit: number) =>
    takeBatch(dataset, split, resolution, limit, context.signal);
  await writeNetwork(folder, graph, rangesOf(tf8), [await take('train', CALIBRATION_IMAGES)]);

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
    source: folder,
    images,
    imageFile: { path, shape, scale, zeroPoint },
    content,
    floatLogits: Array.from({ length: count }, (_, n) =>
      logits.subarray(n * classes, (n + 1) * classes),
    ),
  };
}

/** The range that each tensor's 256 levels span. */
function rangesOf(tf8: Tf8Model): ReadonlyMap<string, ObservedRange> {
  return new Map(
    [...tensorSpecs(tf8)].map(([name, { quantization }]) => [
      name,
      { min: dequantize(0, quantization), max: dequantize(BYTE_MAX, quantization) },
    ]),
  );
}

async function takeBatch(
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

async function openImages(
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
