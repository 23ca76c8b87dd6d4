import { join } from 'node:path';
import { z } from 'zod';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { provenanceOf } from '../../quantize/model/recipe_of.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { Backend } from '../../training/backend.ts';
import { Evaluation } from '../evaluate/evaluation.ts';
import { type OpenedFloatModel, openFloatModel, openModel } from '../open/open_model.ts';
import { calibrationSource, quantizeModel } from '../quantize/quantize.ts';
import {
  type Identity,
  keyOf,
  makeStored,
  readStored,
  type Stored,
} from '../records/stored_result.ts';
import { MEASURING_VERSION } from '../records/versions.ts';
import type { StoredNetwork } from './network_store.ts';
import type { TableData } from './table_data.ts';

const count = z.int().min(0);

const floatSchema = z.strictObject({
  /** In percent. */
  top1: z.number().min(0).max(100),
  /** Images that were scored, and images that could not be read. */
  images: count,
  skipped: count,
});

const tf8Schema = floatSchema.extend({
  tier: z.enum(['reference', 'wasm', 'native'] satisfies TierName[]),
  /** Some images were calibrated with and measured. */
  overlap: z.boolean(),
  calibrationImages: count,
});

type FloatFigures = Readonly<z.infer<typeof floatSchema>>;
type Tf8Figures = Readonly<z.infer<typeof tf8Schema>>;

/** How a network is measured. */
export interface Measuring {
  readonly data: TableData;
  /** Of the images' order, for those measured and those calibrated with. */
  readonly seed: number;
  /** Images that are measured; the whole test split unless given. */
  readonly testImages?: number | undefined;
  readonly calibrationImages: number;
  /** Of the quantization; a quantization-aware network is quantized already. */
  readonly recipe: Recipe;
}

/** A network's accuracy in both precisions. */
export interface MeasuredNetwork {
  readonly float: FloatFigures;
  readonly tf8: Tf8Figures;
  /** What measuring took, whenever that was. */
  readonly seconds: { readonly float: number; readonly tf8: number };
}

/**
 * Measures networks in float and in TF8. Figures are kept in `<runsDir>/measurements`: what was
 * measured once is not measured again.
 */
export class MeasurementStore {
  private readonly dir: string;
  private readonly backend: Backend;
  private readonly context: Context;

  constructor(runsDir: string, backend: Backend, context: Context) {
    this.dir = measurementsDir(runsDir);
    this.backend = backend;
    this.context = context;
  }

  /** Of the two precisions, the figures that are there. */
  async find(network: StoredNetwork, measuring: Measuring) {
    const { reporter } = this.context;
    const { float, tf8 } = measuringIdentity(network, measuring, this.backend);
    return {
      float: await readStored(this.path('float', float), float, floatSchema, reporter),
      tf8: await readStored(this.path('tf8', tf8), tf8, tf8Schema, reporter),
    };
  }

  /**
   * A network's figures, measured where they are not there.
   * @param label what the progress calls the network
   * @throws the signal's reason when aborted; what the evaluation throws
   */
  async measure(
    network: StoredNetwork,
    measuring: Measuring,
    label: string,
  ): Promise<MeasuredNetwork> {
    const found = await this.find(network, measuring);
    const needsFloat = !found.float || (!found.tf8 && network.tf8 === undefined);
    const opened = needsFloat ? await this.open(network) : undefined;
    try {
      const identity = measuringIdentity(network, measuring, this.backend);
      const float =
        found.float ??
        (await this.made('float', identity.float, () => this.float(opened!, measuring, label)));
      const tf8 =
        found.tf8 ??
        (await this.made('tf8', identity.tf8, () =>
          network.tf8 === undefined
            ? this.quantized(opened!, measuring, label)
            : this.trained(network.tf8.path, measuring, label),
        ));
      const seconds = { float: float.seconds, tf8: tf8.seconds };
      return { float: float.result, tf8: tf8.result, seconds };
    } finally {
      opened?.dispose();
    }
  }

  private open({ model }: StoredNetwork): Promise<OpenedFloatModel> {
    return openFloatModel(model, this.context);
  }

  private made<Result>(
    precision: string,
    identity: Identity,
    measure: () => Promise<Result>,
  ): Promise<Stored<Result>> {
    const path = this.path(precision, identity);
    return makeStored(path, identity, measure, this.context.signal);
  }

  private async float(
    opened: OpenedFloatModel,
    measuring: Measuring,
    label: string,
  ): Promise<FloatFigures> {
    const evaluation = this.evaluation(measuring);
    const { top1 } = await evaluation.float(opened, label);
    const { images, skipped } = evaluation.counts();
    return { top1, images, skipped };
  }

  /** Of a quantization-aware network. */
  private async trained(path: string, measuring: Measuring, label: string): Promise<Tf8Figures> {
    const opened = await openModel(path, this.context);
    if (opened.kind !== 'tf8') throw new Error(`${path} is no TF8 file`);
    const { model } = opened;
    return this.tf8(model, this.evaluation(measuring), { overlap: false, label });
  }

  private async quantized(
    opened: OpenedFloatModel,
    measuring: Measuring,
    label: string,
  ): Promise<Tf8Figures> {
    const { seed, calibrationImages, recipe, data } = measuring;
    const evaluation = this.evaluation(measuring);
    const source = await calibrationSource(
      { dataset: data.dataset.name, calibrationImages, seed },
      evaluation,
      this.context,
    );
    const { model } = await quantizeModel(opened, recipe, source, this.context);
    return this.tf8(model, evaluation, { overlap: source.overlap, label });
  }

  private async tf8(
    model: Tf8Model,
    evaluation: Evaluation,
    { overlap, label }: { readonly overlap: boolean; readonly label: string },
  ): Promise<Tf8Figures> {
    const { top1, tier } = await evaluation.tf8(model, 'auto', label);
    const { images, skipped } = evaluation.counts();
    const { calibrationImages } = model.provenance;
    return { top1, images, skipped, tier, overlap, calibrationImages };
  }

  private evaluation({ data, testImages, seed }: Measuring): Evaluation {
    return new Evaluation(data.dataset, { limit: testImages, seed }, this.context);
  }

  private path(precision: string, identity: Identity): string {
    return join(this.dir, `${precision}-${keyOf(identity)}.json`);
  }
}

/** Where what was measured of networks is kept. */
export function measurementsDir(runsDir: string): string {
  return join(runsDir, 'measurements');
}

/** All that decides a network's float figures, and its TF8 figures. */
export function measuringIdentity(
  { card, tf8 }: StoredNetwork,
  { data, seed, testImages, calibrationImages, recipe }: Measuring,
  backend: Backend,
): { readonly float: Identity; readonly tf8: Identity } {
  const shared = {
    version: MEASURING_VERSION,
    backend: `${backend.name} ${backend.version}`,
    weightsSha256: card.weightsSha256,
    architecture: card.architecture,
    data: data.identity,
    testImages: Math.min(testImages ?? Infinity, data.dataset.count('test')),
    seed,
  };
  return {
    float: { precision: 'float', ...shared },
    tf8: {
      precision: 'tf8',
      ...shared,
      ...(tf8 === undefined
        ? { calibrationImages, ...provenanceOf(recipe) }
        : { file: tf8.sha256 }),
    },
  };
}
