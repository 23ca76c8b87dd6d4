/**
 * TF8 networks: the arithmetic, converting and calibrating, running, analyzing, exporting.
 * @module tf8/quantize
 */
import { importOptional } from '../foundation/optional_package.ts';
import type * as Calibrate from './convert/calibrate.ts';
import type * as QuantizeGraph from './convert/quantize_graph.ts';

export type { FloatGraph } from '../architectures/graph/float_graph.ts';
export type { FloatNode, FloatWeightedNode } from '../architectures/graph/float_node.ts';
export type { FloatImages } from '../architectures/graph/float_nodes.ts';
export type { Compile, TensorFunction } from '../architectures/graph/float_runner.ts';
export type { FloatConcatNode } from '../architectures/graph/operations/concat.ts';
export type { FloatGlobalAveragePoolNode } from '../architectures/graph/operations/global_average_pool.ts';
export type { FloatPoolNode } from '../architectures/graph/operations/pool2d.ts';
export type { FoldedBatchNorm } from '../architectures/graph/operations/weighted.ts';
export type {
  AccumulatorAnalysis,
  Accuracy,
  AccuracyAnalysis,
  Advice,
  AdviceCode,
  Agreement,
  Analysis,
  CausesDb,
  ChannelAnalysis,
  Cost,
  Finding,
  FindingCause,
  Histogram,
  LayerAnalysis,
  LogitsDb,
  NetworkKind,
  PartialAccuracyAnalysis,
  ProfileAnalysis,
  ProfileLayer,
  Range,
  Relu6Analysis,
  SqnrStatistics,
  TensorAnalysis,
  WeightAnalysis,
} from './analyze/analysis.ts';
export { Analyzer, type AnalyzerOptions, type BothLogits } from './analyze/analyzer.ts';
export { diagnose } from './analyze/diagnose.ts';
export type { FloatKernels } from './analyze/float_kernels.ts';
export { type PartialLogits, PartialNetworks } from './analyze/partial_networks.ts';
export { ProfileMeter, type ProfileMeterOptions } from './analyze/profile_meter.ts';
export type {
  CalibratedRanges,
  CalibrationBatch,
  CalibrationOptions,
} from './convert/calibrate.ts';
export { type ConvertOptions, convertGraph } from './convert/convert_graph.ts';
export { type FuseOptions, fuseGraph, fuseLayersModel } from './convert/fuse.ts';
export type { IntegerPart } from './convert/integer_part.ts';
export type { ObservedRange } from './convert/observed_range.ts';
export type {
  CalibrationImages,
  QuantizationReport,
  QuantizedGraph,
  QuantizeGraphOptions,
} from './convert/quantize_graph.ts';
export type { QuantizedLayer } from './convert/quantize_layers.ts';
export {
  AS_PUBLISHED,
  BEST,
  LADDER,
  OPTION_1,
  PER_CHANNEL,
  RECIPES,
} from './convert/recipe.ts';
export { RecipeSchema } from './convert/recipe_schema.ts';
export { type Labels, softmax, topClasses } from './execute/top_classes.ts';
export type { CArithmetic } from './export/c/kernels.ts';
export type { ChipMemory } from './export/c/network.ts';
export type {
  COptions,
  ExportedFile,
  ExportFormat,
  ExportReader,
  ExportSource,
  FloatWeights,
} from './export/export_format.ts';
export { FORMAT_DESCRIPTIONS, FORMAT_NAMES, type FormatName } from './export/format_names.ts';
export { EXPORT_FORMATS, exportFormat, readExport } from './export/formats.ts';
export { exportManifest, type Manifest } from './export/manifest.ts';
export { checkModel } from './model/check_model.ts';
export { outputNames, outputNode, outputNodes, tensorSpecs } from './model/tf8_model.ts';
export * from './node.ts';
export {
  dequantize,
  dequantizeArray,
  paramsFromRange,
  quantize,
  quantizeArray,
  quantizeBias,
} from './params/quantization.ts';
export { type ActivationKind, requantize, requantizeMultiplier } from './params/requantization.ts';
export { clamp, roundHalfEven } from './params/rounding.ts';
export { sqnrDb } from './params/sqnr.ts';

/**
 * Finds the range of every tensor over calibration images; it runs the float network, which needs
 * TensorFlow.js.
 * @function
 */
export const calibrate: typeof Calibrate.calibrate = async (...given) =>
  (await importOptional(() => import('./convert/calibrate.ts'))).calibrate(...given);

/**
 * Quantizes a float network by a recipe; it runs the float network, which needs TensorFlow.js.
 * @function
 */
export const quantizeGraph: typeof QuantizeGraph.quantizeGraph = async (...given) =>
  (await importOptional(() => import('./convert/quantize_graph.ts'))).quantizeGraph(...given);
