import type * as tf from '@tensorflow/tfjs';
import type { MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { rebuiltModel } from '../../architectures/rearchitect/rebuilt_model.ts';
import {
  passesOf,
  type Reconstruction,
  reconstruct,
} from '../../architectures/rearchitect/reconstruct.ts';
import type { Variant } from '../../architectures/variants.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { SkippedImage } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compile } from '../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../training/compile/ops/double_product.ts';
import { finishModel } from './finish.ts';
import { type FittingImages, fittingBatches } from './images.ts';
import type { RearchitectureRecord, RearchitectureRequest } from './record.ts';
import type { Original } from './source.ts';

export interface RebuildOptions extends FittingImages {
  readonly variant: Variant;
  /** Whether the result is to be quantized as it is; training goes better from where it is not finished. */
  readonly finish: boolean;
}

/** A network that was rebuilt; the model is the caller's to dispose. */
export interface Rebuilt {
  readonly model: tf.LayersModel;
  readonly config: MobileNetV1Config;
  readonly record: RearchitectureRecord;
}

/** Fits the variant to the original on the first `images` training images of the seed's order. */
export async function rebuild(
  original: Original,
  options: RebuildOptions,
  request: RearchitectureRequest,
  context: Context,
): Promise<Rebuilt> {
  const begun = performance.now();
  const skipped = new Set<string>();
  const reconstruction = await fitOnImages(original, options, skipped, context);
  const config = { ...original.config, variant: options.variant };
  const model = rebuiltModel(original.model, reconstruction, config);
  try {
    const finish = options.finish ? await finishModel(model, config, options, context) : {};
    const seconds = (performance.now() - begun) / 1000;
    const { images, layers } = reconstruction;
    const record = {
      ...request,
      reconstruction: { images, skipped: skipped.size, seconds, layers },
      ...finish,
    };
    return { model, config, record: structuredClone(record) as RearchitectureRecord };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function fitOnImages(
  { name, chain, zeroVariance, config }: Original,
  { variant, ...images }: RebuildOptions,
  skipped: Set<string>,
  { reporter, signal }: Context,
): Promise<Reconstruction> {
  const { resolution } = config;
  const onSkip = (image: SkippedImage): void => {
    if (skipped.has(image.name)) return;
    skipped.add(image.name);
    reporter.warn(`skipped ${image.name}: ${image.reason}`);
  };
  const label = `rebuilding ${name} as ${variant.name}`;
  const progress = reporter.start(label, passesOf(chain), 'passes');
  try {
    return await reconstruct({
      source: { chain, zeroVariance },
      variant,
      images: {
        batches: () => fittingBatches(images, { resolution, signal, onSkip }),
        images: images.images,
        imageShape: [resolution, resolution, 3],
      },
      compile: (run) => compile(run, { frozen: true }),
      product: transposedDoubleProduct,
      signal,
      onProgress: (layer, passes) => progress.update(passes, layer),
    });
  } finally {
    progress.end();
  }
}

/** Stores a rebuilt network; its card tells how it was made. */
export function saveRebuilt(
  { model, config, record }: Rebuilt,
  { source, sha256, labelOffset }: Original,
  { variant, dataset }: Pick<RebuildOptions, 'variant' | 'dataset'>,
  dir: string,
): Promise<ModelCard> {
  return saveModelFolder(
    model,
    {
      architecture: { network: 'mobilenet_v1', ...config, variant: variant.name },
      dataset: dataset.name,
      classNames: [...dataset.classNames],
      labelOffset,
      origin: {
        source: `${variant.name} rebuilt from ${source}`,
        route: 'tf8 rearchitect',
        sha256,
      },
      training: record,
    },
    dir,
  );
}
