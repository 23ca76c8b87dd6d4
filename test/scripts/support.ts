import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { decodeImage } from '../../datasets/images/decode_image.ts';
import { preprocess } from '../../datasets/images/preprocess.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type Reporter, SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { selectBackend } from '../../training/backend.ts';
import { predictFloat } from '../../training/float_predictor.ts';
import type { Measured } from '../../workflows/evaluate/evaluation.ts';
import type { EvaluateResult } from '../../workflows/evaluate/evaluation_record.ts';
import { randomizeWeights } from '../architectures/support.ts';

const RESOLUTION = 32;

export function contextOf(reporter: Reporter = SILENT_REPORTER): Context {
  return { reporter, cacheDir: '', signal: new AbortController().signal };
}

/** A small ImageNet network of made-up weights with `outputs` 1000, or 1001 with a background. */
export async function saveTinyModel(
  dir: string,
  outputs: number,
  widthMultiplier = 0.25,
): Promise<ModelCard> {
  await selectBackend();
  const architecture = { widthMultiplier, resolution: RESOLUTION, classes: outputs };
  const model = buildMobileNetV1({ variant: STANDARD, ...architecture });
  try {
    randomizeWeights(model);
    return await saveModelFolder(
      model,
      {
        architecture: { network: 'mobilenet_v1', variant: STANDARD.name, ...architecture },
        dataset: 'imagenet',
        classNames: IMAGENET_CLASSES.map(({ name }) => name),
        labelOffset: outputs - IMAGENET_CLASSES.length,
        origin: { source: 'made up for a test', route: 'a test', sha256: '0'.repeat(64) },
      },
      dir,
    );
  } finally {
    model.dispose();
  }
}

export interface TinyImageNet {
  /** Images that can be read. */
  readonly images: number;
  /** In percent, when the network in float sees them. */
  readonly top1: number;
  readonly top5: number;
}

/**
 * Writes twelve images as class folders, so that the network puts the class of eight at rank 0, of
 * two at rank 3 and of two last.
 */
export async function writeTinyImageNet(
  dir: string,
  model: tf.LayersModel,
  labelOffset: number,
): Promise<TinyImageNet> {
  const ranks = [0, 0, 0, 0, 3, -1, 0, 0, 0, 0, 3, -1];
  for (const [index, rank] of ranks.entries()) {
    const image = await picture(index);
    const decoded = await decodeImage(image);
    const input = preprocess(decoded, { resolution: RESOLUTION, centralFraction: 0.875 });
    const scores = await predictFloat(model, input, [1, RESOLUTION, RESOLUTION, 3]);
    const order = [...scores.keys()]
      .filter((output) => output >= labelOffset)
      .sort((a, b) => scores[b] - scores[a]);
    await writeImage(dir, order.at(rank)! - labelOffset, `${index}.png`, image);
  }
  return { images: 12, top1: (100 * 8) / 12, top5: (100 * 10) / 12 };
}

/** Writes a file into the folder of class `label`. */
export async function writeImage(
  dir: string,
  label: number,
  name: string,
  content: Uint8Array | string,
): Promise<void> {
  const folder = join(dir, IMAGENET_CLASSES[label].wnid);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), content);
}

/** A PNG of 40 × 40 pixels whose pattern depends on `index`. */
export function picture(index: number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) =>
    Math.round(127.5 + 127.5 * Math.sin((i % 120) * (0.05 + 0.07 * index) + i / (97 + 20 * index))),
  );
  return sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } })
    .png()
    .toBuffer();
}

/** What an evaluation gives again, also on another backend: all but its times and what it was made with. */
export function withoutTimes({ float, tf8, environment: _, ...rest }: EvaluateResult) {
  const figures = ({ time: _, measuredAt: __, ...others }: Measured) => others;
  return { ...rest, ...(float && { float: figures(float) }), ...(tf8 && { tf8: figures(tf8) }) };
}
