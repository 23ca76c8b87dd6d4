import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { rebuiltGraph } from '../../architectures/rearchitect/rebuilt_graph.ts';
import {
  passesOf,
  type Rebuilding,
  type Reconstruction,
  reconstruct,
} from '../../architectures/rearchitect/reconstruct.ts';
import type { SeparablePair } from '../../architectures/rearchitect/separable_pairs.ts';
import { hasVariants } from '../../architectures/registry.ts';
import { STANDARD, type Variant } from '../../architectures/variants.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import type { SkippedImage } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compile } from '../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../training/compile/ops/double_product.ts';
import { finishGraph } from './finish.ts';
import { type FittingImages, fittingBatches } from './images.ts';
import type { RearchitectureRecord, RearchitectureRequest } from './record.ts';
import type { Original } from './source.ts';
import { fittingConfig, saveNetwork } from './stored_network.ts';

export interface RebuildOptions extends FittingImages {
  readonly variant: Variant;
  /** Those of the original's that are rebuilt. */
  readonly pairs: readonly SeparablePair[];
  /** Whether the result is to be quantized as it is; training goes better from where it is not finished. */
  readonly finish: boolean;
}

/** A network that was rebuilt. */
export interface Rebuilt {
  readonly graph: FloatGraph;
  /** The network of ours that it is; undefined for another one. */
  readonly config: NetworkConfig | undefined;
  readonly record: RearchitectureRecord;
}

/** Fits the network to the original on the first `images` training images of the seed's order. */
export async function rebuild(
  original: Original,
  options: RebuildOptions,
  request: RearchitectureRequest,
  context: Context,
): Promise<Rebuilt> {
  const begun = performance.now();
  const skipped = new Set<string>();
  const rebuilding = rebuildingOf(original, options);
  const reconstruction = await fitOnImages(original, rebuilding, options, skipped, context);
  const unfinished = rebuiltGraph(original.graph, rebuilding, reconstruction);
  const { input } = original.facts;
  const finished = options.finish
    ? await finishGraph(unfinished, input, options, context)
    : { graph: unfinished };
  const { graph, ...finish } = finished;
  const seconds = (performance.now() - begun) / 1000;
  const { images, layers } = reconstruction;
  const record = {
    ...request,
    reconstruction: { images, skipped: skipped.size, seconds, layers },
    ...finish,
  };
  return {
    graph,
    config: fittingConfig(graph, variantOf(original, options.variant)),
    record: structuredClone(record) as RearchitectureRecord,
  };
}

export function rebuildingOf(
  { folded }: Pick<Original, 'folded'>,
  { pairs, variant }: Pick<RebuildOptions, 'pairs' | 'variant'>,
): Rebuilding {
  return { source: folded, pairs, unclipped: variant.activation === 'relu' };
}

/** What the original becomes if all of it is rebuilt; undefined where its network has no variants. */
function variantOf({ config }: Original, variant: Variant): NetworkConfig | undefined {
  if (config === undefined || !('variant' in config) || !hasVariants(config.network)) {
    return undefined;
  }
  return config.variant.name === STANDARD.name ? { ...config, variant } : undefined;
}

async function fitOnImages(
  { name, facts }: Original,
  rebuilding: Rebuilding,
  { variant, ...images }: RebuildOptions,
  skipped: Set<string>,
  { reporter, signal }: Context,
): Promise<Reconstruction> {
  const { input } = facts;
  const onSkip = (image: SkippedImage): void => {
    if (skipped.has(image.name)) return;
    skipped.add(image.name);
    reporter.warn(`skipped ${image.name}: ${image.reason}`);
  };
  const label = `rebuilding ${name} as ${variant.name}`;
  const progress = reporter.start(label, passesOf(rebuilding), 'passes');
  try {
    return await reconstruct({
      ...rebuilding,
      images: {
        batches: () => fittingBatches(images, { input, signal, onSkip }),
        images: images.images,
        imageShape: input.shape as readonly number[],
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
export async function saveRebuilt(
  rebuilt: Rebuilt,
  original: Original,
  { variant, dataset }: Pick<RebuildOptions, 'variant' | 'dataset'>,
  dir: string,
): Promise<ModelCard> {
  const source = `${variant.name} rebuilt from ${original.source}`;
  return saveNetwork(rebuilt, original, dataset, { source, training: rebuilt.record }, dir);
}
