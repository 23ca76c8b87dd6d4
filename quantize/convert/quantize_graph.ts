import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { Compile } from '../../architectures/graph/float_runner.ts';
import { replacedChannels } from '../../architectures/graph/passes/fold_batch_norms.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { checkModel } from '../model/check_model.ts';
import type { Tf8Model, Tf8Provenance } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import { type CalibrationBatch, calibrate } from './calibrate.ts';
import { type ConvertOptions, convertGraph } from './convert_graph.ts';
import { fuseGraph } from './fuse.ts';
import { KeptImages } from './kept_images.ts';
import { type QuantizedLayer, quantizeLayers } from './quantize_layers.ts';
import type { Recipe } from './recipe.ts';

/** The calibration images, from the first on at every call, in batches of any size. */
export type CalibrationImages = () => AsyncIterable<CalibrationBatch>;

export interface QuantizeGraphOptions extends Omit<ConvertOptions, 'provenance'> {
  /** What the recipe and the images do not say. */
  readonly provenance: Omit<Tf8Provenance, 'calibrationImages' | 'zeroVariance'>;
  /** Run the quantized layers, for corrections from images. */
  readonly kernels: Kernels;
  /** Of the kernels, 1 unless given. */
  readonly threads?: number | undefined;
  /** Makes the float network faster over many batches; it runs layer by layer unless given. */
  readonly compile?: Compile | undefined;
  /** Called with the number of images so far, for each way through them. */
  readonly onProgress?: ((images: number) => void) | undefined;
}

/** What a recipe did. */
export interface QuantizationReport {
  readonly recipe: Recipe;
  readonly calibrationImages: number;
  /** Those of them that weights were rounded and biases corrected with. */
  readonly correctionImages: number;
  /** What was done to each layer with weights; empty of a recipe that needs no images for it. */
  readonly layers: readonly QuantizedLayer[];
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
}

export interface QuantizedGraph {
  readonly model: Tf8Model;
  /** What was quantized: the float network after the recipe's passes, batch norms folded. */
  readonly graph: FloatGraph;
  readonly report: QuantizationReport;
}

/**
 * Quantizes a float network by a recipe, from unlabelled images.
 * @param read the network as it was read: batch norms are nodes
 * @throws QuantizationError naming a layer that TF8 cannot hold; for no images; for a recipe that the
 *   executor has no arithmetic for
 */
export async function quantizeGraph(
  read: FloatGraph,
  recipe: Recipe,
  images: CalibrationImages,
  options: QuantizeGraphOptions,
): Promise<QuantizedGraph> {
  const { compile, onProgress, kernels, threads = 1 } = options;
  requireArithmetic(recipe);
  const zeroVariance = recipe.passes.some(({ pass }) => pass === 'zeroVariance') ? 'mean' : 'keep';
  const graph = fuseGraph(read, { zeroVariance });
  const isByLayer = needsLayers(recipe);
  const kept = new KeptImages(graph);
  const calibration = await calibrate(graph, isByLayer ? kept.of(images()) : images(), {
    compile,
    onProgress,
  });
  const { calibrationData, ...origin } = options.provenance;
  const calibrationImages = calibration.images;
  const provenance = { ...origin, calibrationImages, calibrationData, zeroVariance } as const;
  const converted = convertGraph(graph, calibration, {
    ...options,
    provenance,
    // Layers that are quantized again say what becomes of them then.
    onNote: isByLayer ? undefined : options.onNote,
  });
  const { model, layers } = isByLayer
    ? quantizeLayers(graph, converted, recipe, { images: kept.images(), kernels, threads })
    : { model: converted, layers: [] };
  checkModel(model);
  return {
    model,
    graph,
    report: {
      recipe,
      calibrationImages,
      correctionImages: kept.count,
      layers,
      zeroVarianceChannels: Object.fromEntries(
        [...replacedChannels(graph)].map(([layer, channels]) => [layer, channels.length]),
      ),
    },
  };
}

/** @throws QuantizationError for per-channel weights, which the executor does not have */
function requireArithmetic({ name, weights }: Recipe): void {
  if (weights.granularity === 'tensor') return;
  throw new QuantizationError(
    `Expected one range a tensor of weights but the recipe ${name} has one a channel (weights.granularity "channel"), which the executor does not compute`,
    { remedy: 'Take "tensor".' },
  );
}

/** Whether weights or biases depend on what the layers before make of images. */
function needsLayers({ weights, corrections }: Recipe): boolean {
  return (
    corrections.length > 0 ||
    weights.range === 'inputWeighted' ||
    weights.rounding.rounding === 'secondOrder'
  );
}
