import type * as tf from '@tensorflow/tfjs';
import type { MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import {
  centreModel,
  measureDepthwiseMeans,
} from '../../architectures/rearchitect/centre_depthwise.ts';
import { readChain } from '../../architectures/rearchitect/read_chain.ts';
import { equalizeModel } from '../../architectures/rearchitect/scale_model.ts';
import { configOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import { loadModelFolder, saveModelFolder } from '../../checkpoints/store/model_store.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compile } from '../../training/compile/compile.ts';
import { type FittingImages, fittingBatches } from './images.ts';
import { type FinishRecord, finishIn } from './record.ts';

/**
 * The last steps before a network is quantized, none of which changes its function: cross-layer
 * equalization, then the means of the depthwise outputs on the images that it was fitted on go into
 * what follows.
 */
export async function finishModel(
  model: tf.LayersModel,
  config: MobileNetV1Config,
  images: FittingImages,
  { reporter, signal }: Context,
): Promise<FinishRecord> {
  const { layers, skipped } = equalizeModel(model, config);
  const { chain } = readChain(model, config);
  const progress = reporter.start('measuring channel means', images.images, 'images');
  let seen = 0;
  try {
    const batches = fittingBatches(images, { resolution: config.resolution, signal });
    const means = await measureDepthwiseMeans(
      chain,
      batches,
      (run) => compile(run, { frozen: true }),
      (done) => {
        seen = done;
        progress.update(done);
      },
    );
    centreModel(model, chain, means);
    return {
      equalization: { layers: [...layers], skipped: [...skipped] },
      centring: { layers: [...means.keys()], images: seen },
    };
  } finally {
    progress.end();
  }
}

/**
 * Finishes the retrained network in `dir` and stores it again; one that a run before has finished
 * stays as it is.
 * @param told what its card says of the reconstruction: where it came from, and under `training` how
 */
export async function finishFolder(
  dir: string,
  told: {
    readonly origin: ModelCard['origin'];
    readonly rearchitecture: NonNullable<ModelCard['training']>;
  },
  images: FittingImages,
  context: Context,
): Promise<{ readonly card: ModelCard; readonly finish: FinishRecord }> {
  const { model, card } = await loadModelFolder(dir);
  try {
    const finished = finishIn(card!);
    if (finished !== undefined) return { card: card!, finish: finished };
    const { weightsSha256: _, ...known } = card!;
    const config = configOf(known.architecture);
    if (config.network !== 'mobilenet_v1') {
      throw new InvalidValueError(
        `Expected a MobileNetV1 in ${dir} but received ${config.network}`,
      );
    }
    const finish = await finishModel(model, config, images, context);
    const saved = await saveModelFolder(
      model,
      {
        ...known,
        origin: { ...told.origin, source: `${told.origin.source} and retrained` },
        training: { ...known.training, rearchitecture: { ...told.rearchitecture, ...finish } },
      },
      dir,
    );
    return { card: saved, finish };
  } finally {
    model.dispose();
  }
}
