import { availableParallelism } from 'node:os';
import type { Dataset, SkippedImage } from '../../datasets/dataset.ts';
import { type Shard, shardSpan } from '../../datasets/order/shard.ts';
import { topK } from '../../datasets/scoring/top_k.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { decibels } from '../../quantize/analyze/decibels.ts';
import { ExactSum, joinedSums } from '../../quantize/analyze/exact_sum.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { isVector, outputNodes, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { TestImages } from '../analyze/test_images.ts';
import { BesideFloat, FLOAT_BATCH } from '../compare/beside_float.ts';
import { outputsOf } from '../compare/measured_outputs.ts';
import { kernelsName } from '../open/kernels_used.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { kernelsUsed, openPlan } from '../open/open_plan.ts';
import { tf8Facts } from '../open/tf8_facts.ts';
import { recorded } from '../records/analysis_record.ts';

/** One output of a network in TF8 against the same in float, over all images. */
export class OutputFigures {
  readonly name: string;
  /** 10 · log10(Σ x² / Σ (x − x̂)²); Infinity, in JSON "lossless", where they are equal. */
  readonly sqnrDb: number;
  /** Σ x · x̂ / √(Σ x² · Σ x̂²); 1 where both are 0 throughout. */
  readonly cosine: number;
  /** Images with the same first class, in percent; null where the output is no vector of classes. */
  readonly agreement: number | null;

  constructor(name: string, sqnrDb: number, cosine: number, agreement: number | null) {
    this.name = name;
    this.sqnrDb = sqnrDb;
    this.cosine = cosine;
    this.agreement = agreement;
  }

  /** With "lossless" in the place of Infinity. */
  toJSON(): unknown {
    const { name, sqnrDb, cosine, agreement } = this;
    return recorded({ name, sqnrDb, cosine, agreement });
  }
}

/** Sums over images of one output: energies are parts of exact sums. */
export interface OutputSums {
  readonly name: string;
  /** Whether it is a vector of classes. */
  readonly hasClasses: boolean;
  readonly images: number;
  /** Images with the same first class. */
  readonly agreeing: number;
  readonly float: readonly number[];
  readonly tf8: readonly number[];
  readonly product: readonly number[];
  readonly noise: readonly number[];
}

/** Sums over images of one output. */
class OutputMeter {
  private readonly name: string;
  private readonly hasClasses: boolean;
  private readonly float = new ExactSum();
  private readonly tf8 = new ExactSum();
  private readonly product = new ExactSum();
  private readonly noise = new ExactSum();
  private images = 0;
  private agreeing = 0;

  constructor(name: string, hasClasses: boolean) {
    this.name = name;
    this.hasClasses = hasClasses;
  }

  /** @param float [N, …], as `tf8` */
  add(float: Float32Array, tf8: Float32Array, images: number): void {
    const size = float.length / images;
    for (let n = 0; n < images; n++) {
      const [a, b] = [float, tf8].map((values) => values.subarray(n * size, (n + 1) * size));
      this.addImage(a, b);
      if (this.hasClasses && topK(a, 1).indices[0] === topK(b, 1).indices[0]) this.agreeing++;
    }
    this.images += images;
  }

  sums(): OutputSums {
    const { name, hasClasses, images, agreeing, float, tf8, product, noise } = this;
    return {
      name,
      hasClasses,
      images,
      agreeing,
      float: float.parts,
      tf8: tf8.parts,
      product: product.parts,
      noise: noise.parts,
    };
  }

  private addImage(float: Float32Array, tf8: Float32Array): void {
    const sums = { float: 0, tf8: 0, product: 0, noise: 0 };
    for (let i = 0; i < float.length; i++) {
      sums.float += float[i] * float[i];
      sums.tf8 += tf8[i] * tf8[i];
      sums.product += float[i] * tf8[i];
      sums.noise += (float[i] - tf8[i]) ** 2;
    }
    this.float.add(sums.float);
    this.tf8.add(sums.tf8);
    this.product.add(sums.product);
    this.noise.add(sums.noise);
  }
}

/** Of the same output over different images. */
export function joinedOutput(a: OutputSums, b: OutputSums): OutputSums {
  return {
    name: a.name,
    hasClasses: a.hasClasses,
    images: a.images + b.images,
    agreeing: a.agreeing + b.agreeing,
    float: joinedSums(a.float, b.float),
    tf8: joinedSums(a.tf8, b.tf8),
    product: joinedSums(a.product, b.product),
    noise: joinedSums(a.noise, b.noise),
  };
}

function outputFigures(sums: OutputSums): OutputFigures {
  const { name, hasClasses, images, agreeing } = sums;
  const [float, tf8, product, noise] = [sums.float, sums.tf8, sums.product, sums.noise].map(
    (parts) => new ExactSum(parts).value,
  );
  const length = Math.sqrt(float * tf8);
  const cosine = length === 0 ? (noise === 0 ? 1 : 0) : product / length;
  const agreement = hasClasses ? (100 * agreeing) / images : null;
  return new OutputFigures(name, decibels(float, noise), cosine, agreement);
}

export interface CompareOptions {
  readonly opened: OpenedFloatModel;
  /** What it was quantized to. */
  readonly tf8: Tf8Model;
  readonly tier: TierName | 'auto';
  readonly dataset: Dataset;
  /** Images of the test split in the seed's order, broken ones included. */
  readonly limit: number;
  readonly seed: number;
  /** Of these images; all unless given. */
  readonly shard?: Shard | undefined;
}

/** As `ComparedOutputs`, of a part of the images. */
export interface OutputsCount {
  readonly images: number;
  readonly skipped: readonly SkippedImage[];
  readonly outputs: readonly OutputSums[];
}

export interface ComparedOutputs {
  readonly images: number;
  /** Images that could not be read. */
  readonly skipped: readonly SkippedImage[];
  /** In the network's order; softmaxes at the end are left out. */
  readonly outputs: readonly OutputFigures[];
}

/**
 * Compares every output of a network in TF8 with the same in float, on images that need no classes.
 * @throws UserError where no image can be read; the signal's reason when aborted
 */
export async function compareOutputs(
  options: CompareOptions,
  context: Context,
): Promise<ComparedOutputs> {
  return comparedOutputs(await countOutputs(options, context), options.dataset.name);
}

/** As `compareOutputs`, the sums, which those of other images can be joined to. */
export async function countOutputs(
  { opened, tf8, tier, dataset, limit, seed, shard }: CompareOptions,
  context: Context,
): Promise<OutputsCount> {
  const { input } = tf8Facts(tf8);
  const spans = [shardSpan(shard, limit, FLOAT_BATCH)];
  const shown = new TestImages({ dataset, spans, seed, input }, context);
  const meters = outputNodes(tf8).map(
    ({ name, output }) => new OutputMeter(name, isVector(output) && output.shape[2] > 1),
  );
  using plan = openPlan(tf8, { tier, threads: availableParallelism() }, context.reporter);
  using float = await BesideFloat.open(opened, shown, { keeps: false, images: limit });
  const label = `${opened.name}, float beside TF8 (${kernelsName(kernelsUsed(plan))})`;
  const images = await float.each(label, ({ batch, outputs }) => {
    const made = outputsOf(plan, batch.images);
    for (const [at, meter] of meters.entries()) meter.add(outputs[at], made[at], batch.shape[0]);
  });
  return { images, skipped: shown.skipped, outputs: meters.map((meter) => meter.sums()) };
}

/** @throws UserError where there is no image */
export function comparedOutputs(
  { images, skipped, outputs }: OutputsCount,
  dataset: string,
): ComparedOutputs {
  if (images === 0) {
    throw new UserError(`Expected images to compare on but ${dataset} has none that can be read`);
  }
  return { images, skipped, outputs: outputs.map(outputFigures) };
}
