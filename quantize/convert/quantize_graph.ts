import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { Compile } from '../../architectures/graph/float_runner.ts';
import { absorbBias } from '../../architectures/graph/passes/absorb_bias.ts';
import { equalize, unequalized } from '../../architectures/graph/passes/equalize.ts';
import { replacedChannels } from '../../architectures/graph/passes/fold_batch_norms.ts';
import { pruneConstantInputs } from '../../architectures/graph/passes/prune_constant_inputs.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { checkModel } from '../model/check_model.ts';
import { provenanceOf, zeroVarianceOf } from '../model/recipe_of.ts';
import type { Tf8Model, Tf8Provenance } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import { convertBalanced } from './balance_sums.ts';
import { correctFromBatchNorms } from './batch_norm_correction.ts';
import { type CalibratedRanges, type CalibrationBatch, calibrate } from './calibrate.ts';
import { calibrationNotes } from './calibration_notes.ts';
import { CalibrationSample } from './calibration_sample.ts';
import { constantChannels } from './constant_channels.ts';
import type { ConvertOptions } from './convert_graph.ts';
import { fuseGraph } from './fuse.ts';
import { KeptImages } from './kept_images.ts';
import { observe } from './observe.ts';
import { type QuantizedLayer, quantizeLayers } from './quantize_layers.ts';
import type { Recipe } from './recipe.ts';
import { powerOfTwoRange } from './scale_forms.ts';

/** The calibration images, from the first on at every call, in batches of any size. */
export type CalibrationImages = () => AsyncIterable<CalibrationBatch>;

export interface QuantizeGraphOptions extends Omit<ConvertOptions, 'provenance'> {
  /** What the recipe and the images do not say. */
  readonly provenance: Omit<Tf8Provenance, 'calibrationImages' | 'zeroVariance' | 'recipe'>;
  /** Run the quantized layers, for corrections from images. */
  readonly kernels: Kernels;
  /** Whether the model ends in probabilities rather than in logits. */
  readonly softmax?: boolean | undefined;
  /** Of the kernels, 1 unless given. */
  readonly threads?: number | undefined;
  /** Makes the float network faster over many batches; it runs layer by layer unless given. */
  readonly compile?: Compile | undefined;
  /** Called with the number of images so far, for each way through them. */
  readonly onProgress?: ((images: number) => void) | undefined;
  /** Where a recipe works layer by layer: called with the number that are done, 0 first, and of all. */
  readonly onLayer?: ((done: number, layers: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
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
 *   executor has no arithmetic for; the signal's reason when aborted
 */
export async function quantizeGraph(
  read: FloatGraph,
  given: Recipe,
  images: CalibrationImages,
  options: QuantizeGraphOptions,
): Promise<QuantizedGraph> {
  const { compile, onProgress, kernels, threads = 1, softmax } = options;
  const recipe = forProfile(given, options.rounding);
  requireArithmetic(recipe);
  const zeroVariance = zeroVarianceOf(recipe);
  const fused = fuseGraph(read, { zeroVariance, softmax });
  const passed = await withPasses(fused, recipe, images, options.onNote);
  const isByLayer = needsLayers(recipe);
  const kept = new KeptImages(passed);
  const sample = new CalibrationSample(passed);
  const sampled = sample.of(images());
  const extremes = await calibrate(passed, isByLayer ? kept.of(sampled) : sampled, {
    compile,
    onProgress,
  });
  if (options.onNote !== undefined) {
    const { weights } = recipe;
    for (const note of calibrationNotes(passed, extremes, { sample, weights }))
      options.onNote(note);
  }
  const calibration = inScaleForm(
    recipe.observer.observer === 'minMax'
      ? extremes
      : await observe(passed, recipe.observer, extremes, images()),
    recipe,
  );
  const { calibrationData, ...origin } = options.provenance;
  const calibrationImages = calibration.images;
  const provenance = {
    ...origin,
    calibrationImages,
    calibrationData,
    ...provenanceOf(recipe),
  };
  const { model: converted, graph } = convertBalanced(passed, calibration, {
    ...options,
    provenance,
    // Layers that are quantized again say what becomes of them then.
    onNote: isByLayer ? undefined : options.onNote,
  });
  const { model: rounded, layers } = isByLayer
    ? await quantizeLayers(graph, converted, recipe, {
        images: kept.images(),
        kernels,
        threads,
        onNote: options.onNote,
        onLayer: options.onLayer,
        signal: options.signal,
      })
    : { model: converted, layers: [] };
  const isFromBatchNorms = recipe.corrections.some(({ from }) => from === 'batchNorms');
  const model = isFromBatchNorms ? correctFromBatchNorms(graph, rounded) : rounded;
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

/** The recipe with what a rule of requantization asks of the scales. */
function forProfile(recipe: Recipe, rounding: ConvertOptions['rounding']): Recipe {
  if (rounding !== 'power-of-two' || recipe.scales === 'powerOfTwo') return recipe;
  return { ...recipe, name: `${recipe.name}, powers of two`, scales: 'powerOfTwo' };
}

/** @throws QuantizationError for per-channel weights with zero points of their own, and for wider activations, which the executor does not have */
function requireArithmetic({ name, weights, activations }: Recipe): void {
  if (activations !== undefined) {
    throw new QuantizationError(
      `Expected activations of 8 bits but the recipe ${name} has some of ${activations.bits}`,
      { remedy: 'Leave "activations" out: only a comparison simulates wider ones.' },
    );
  }
  if (weights.granularity === 'tensor' || weights.symmetric) return;
  throw new QuantizationError(
    `Expected symmetric weights where each channel has its own range (weights.granularity "channel") but the recipe ${name} has weights.symmetric false`,
    { remedy: 'Take "symmetric": true, or "granularity": "tensor".' },
  );
}

/** The graph after the recipe's passes that keep its function, up to what the images do not show. */
async function withPasses(
  fused: FloatGraph,
  { passes }: Recipe,
  images: CalibrationImages,
  onNote: ConvertOptions['onNote'],
): Promise<FloatGraph> {
  let graph = fused;
  for (const pass of passes) {
    switch (pass.pass) {
      case 'zeroVariance':
        break; // before folding
      case 'pruneConstantInputs':
        graph = pruneConstantInputs(graph, await constantChannels(graph, images()));
        break;
      case 'equalize': {
        const left = unequalized(graph);
        graph = equalize(graph);
        if (left.length > 0) {
          onNote?.(
            `Equalization leaves ${left.length} pairs of layers, such as ${left[0]}: what stands between them lets no factor pass`,
          );
        }
        break;
      }
      case 'absorbBias':
        graph = absorbBias(graph, pass.deviations);
        break;
    }
  }
  return graph;
}

function inScaleForm(calibration: CalibratedRanges, { scales }: Recipe): CalibratedRanges {
  if (scales === undefined) return calibration;
  const ranges = [...calibration.ranges].map(
    ([name, range]) => [name, powerOfTwoRange(range)] as const,
  );
  return { ...calibration, ranges: new Map(ranges) };
}

/** Whether weights or biases are other than each layer's own range and nearest bytes say. */
function needsLayers({ weights, corrections, scales }: Recipe): boolean {
  return (
    corrections.some(({ from }) => from === 'images') ||
    weights.granularity === 'channel' ||
    weights.range !== 'minMax' ||
    weights.symmetric ||
    weights.rounding.rounding === 'secondOrder' ||
    scales !== undefined
  );
}
