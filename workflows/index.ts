/**
 * What the `tf8` command does, for programs: a function a verb. Each loads what it needs when it is
 * called, and throws MissingPackageError where that is an optional package that is not installed.
 *
 * ```ts
 * import { createContext, evaluate } from 'tf8/workflows';
 *
 * const result = await evaluate(options, createContext({ reporter }));
 * ```
 * @module tf8/workflows
 */
import { importOptional } from '../foundation/optional_package.ts';
import type { Context } from '../foundation/reporting/context.ts';
import type * as Analyze from './analyze/analyze.ts';
import type * as Classify from './classify.ts';
import type * as Compare from './compare/compare.ts';
import type * as Describe from './describe/describe_model.ts';
import type * as Diff from './diff/diff_runs.ts';
import type * as Evaluate from './evaluate/evaluate.ts';
import type * as Export from './export/export.ts';
import type * as Fix from './fix/fix.ts';
import type * as Pull from './open/open_float.ts';
import type * as Quantize from './quantize/quantize.ts';
import type * as Rearchitect from './rearchitect/rearchitect_model.ts';
import type * as Report from './report/report_run.ts';
import type * as Reproduce from './reproduce/reproduce.ts';
import type * as Merge from './shards/merge_shards.ts';
import type * as QuantizationAware from './train/quantization_aware.ts';
import type * as Train from './train/train_model.ts';
import type * as Verify from './verify/verify.ts';
import type * as VerifyFloat from './verify/verify_float.ts';

export type { ImageSize } from '../checkpoints/input_affine.ts';
export { UserError } from '../foundation/errors.ts';
export { MissingPackageError } from '../foundation/optional_package.ts';
export { type Context, createContext } from '../foundation/reporting/context.ts';
export { type Progress, type Reporter, SILENT_REPORTER } from '../foundation/reporting/reporter.ts';
export {
  type ReporterStream,
  terminalReporter,
} from '../foundation/reporting/terminal_reporter.ts';
export type { LeftOut } from '../quantize/convert/left_out.ts';
export type { AnalyzeOptions } from './analyze/analyze_options.ts';
export type { AnalyzeResult } from './analyze/finish_analysis.ts';
export type { ClassifyOptions, ClassifyResult } from './classify.ts';
export type { CompareResult, TimedRow } from './compare/compare.ts';
export type { CompareOptions } from './compare/compare_options.ts';
export type { Budget, BudgetFit, MemoryFit, UnfitLayer } from './describe/budget.ts';
export type {
  DescribedLayer,
  DescribedModel,
  DescribedOutput,
  DescribeOptions,
} from './describe/describe_model.ts';
export {
  type DescribedNetwork,
  type DescribeNetworkOptions,
  describeNetwork,
} from './describe/describe_network.ts';
export type { RunKind, Setting } from './diff/comparable.ts';
export type {
  ComparedRun,
  DiffOptions,
  DiffResult,
  FigurePair,
  LayerPair,
  SettingPair,
} from './diff/diff_runs.ts';
export type { OutputFigures } from './evaluate/compare_outputs.ts';
export type { EvaluateOptions, Precision } from './evaluate/evaluate.ts';
export type { Measured } from './evaluate/evaluation.ts';
export type {
  DataCalibration,
  EvaluateResult,
  EvaluationRecord,
  FileCalibration,
  MeasuredFigures,
} from './evaluate/evaluation_record.ts';
export type { EvaluationTime } from './evaluate/evaluation_time.ts';
export type { ExportOptions, ExportResult } from './export/export.ts';
export type { FixDiagnosis, FixResult, FixStep } from './fix/fix.ts';
export type { FixOptions } from './fix/fix_options.ts';
export type { KernelsUsed } from './open/kernels_used.ts';
export type {
  InputFacts,
  InputRange,
  LabelFacts,
  ModelFacts,
  OriginFacts,
} from './open/model_facts.ts';
export type { ImageCacheChoice } from './open/open_cache.ts';
export { openData } from './open/open_data.ts';
export { type OpenModelOptions, openFloatModel, openModel } from './open/open_model.ts';
export { openPlan } from './open/open_plan.ts';
export {
  type EndOptions,
  OpenedFloatModel,
  type OpenedModel,
  type OpenedTf8Model,
} from './open/opened_model.ts';
export { type InputPreprocessing, preprocessingOf } from './open/preprocessing.ts';
export type { WrittenPicture } from './pictures/write_pictures.ts';
export type { ConversionOptions } from './quantize/conversion.ts';
export type {
  CalibrationOptions,
  CalibrationSource,
  EndOfModel,
  QuantizedModel,
  QuantizeOptions,
  QuantizeResult,
} from './quantize/quantize.ts';
export type { LayerChoice, PlannedLayer, RearchitecturePlan } from './rearchitect/plan.ts';
export type { RearchitectResult } from './rearchitect/rearchitect.ts';
export type { RearchitectModelOptions } from './rearchitect/rearchitect_model.ts';
export type { WordedAnalysis, WordedFinding } from './records/analysis_record.ts';
export type { ComparedFigures, ComparedRow } from './records/comparison_record.ts';
export type { Environment } from './records/environment.ts';
export type { DataIdentity, RunRecord } from './records/run_record.ts';
export type { ReportRunOptions } from './report/report_run.ts';
export type { WrittenReport } from './report/write_content.ts';
export type { PresetChanges } from './reproduce/change_preset.ts';
export type { CostEstimate, RowCost } from './reproduce/cost.ts';
export type { Device, TimeElsewhere, Workers } from './reproduce/elsewhere.ts';
export type { ReproduceOptions } from './reproduce/open_table.ts';
export {
  NETWORK_NAMES as TABLE_NETWORK_NAMES,
  TABLE_NAMES,
  type TableName,
  type TableNetworkName,
} from './reproduce/preset.ts';
export type { ReportedResult, ReproduceResult } from './reproduce/reproduce.ts';
export type { MergeOptions } from './shards/merge_shards.ts';
export type { ShardOptions, ShardResult } from './shards/shard_file.ts';
export type {
  QuantizationAwareOptions,
  QuantizationAwareResult,
} from './train/quantization_aware_options.ts';
export type { RecipeChoices } from './train/recipe_choices.ts';
export type { TrainedWorker, TrainJobResult } from './train/train.ts';
export type { TrainModelOptions, TrainModelResult } from './train/train_model_options.ts';
export type { FirstDifference, LayerComparison } from './verify/layer_comparison.ts';
export type { VerifyOptions, VerifyResult } from './verify/verify.ts';
export type {
  FloatOutputDifference,
  VerifyFloatOptions,
  VerifyFloatResult,
} from './verify/verify_float.ts';

/**
 * Fetches a public checkpoint and makes it a model in the cache.
 * @function
 */
export const pull: typeof Pull.pullImageNet = async (...given) =>
  (await importOptional(() => import('./open/open_float.ts'))).pullImageNet(...given);

/**
 * Says what a model is: its format, network, classes and layers.
 * @function
 */
export const describe: typeof Describe.describeModel = async (...given) =>
  (await importOptional(() => import('./describe/describe_model.ts'))).describeModel(...given);

/**
 * Trains a network and stores it.
 * @function
 */
export const train: typeof Train.trainModel = async (...given) =>
  (await importOptional(() => import('./train/train_model.ts'))).trainModel(...given);

/**
 * Trains a float model in the executor's integers and stores the TF8 file that it ends as.
 * @function
 */
export const trainQuantizationAware: typeof QuantizationAware.trainQuantizationAware = async (
  ...given
) =>
  (await importOptional(() => import('./train/quantization_aware.ts'))).trainQuantizationAware(
    ...given,
  );

/**
 * Rebuilds a trained MobileNetV1 as another variant.
 * @function
 */
export const rearchitect: typeof Rearchitect.rearchitectModel = async (...given) =>
  (await importOptional(() => import('./rearchitect/rearchitect_model.ts'))).rearchitectModel(
    ...given,
  );

/**
 * Quantizes a float model to a TF8 file.
 * @function
 */
export const quantize: typeof Quantize.quantize = async (...given) =>
  (await importOptional(() => import('./quantize/quantize.ts'))).quantize(...given);

/**
 * Quantizes an opened float model; the TF8 model stays in memory.
 * @function
 */
export const quantizeModel: typeof Quantize.quantizeModel = async (...given) =>
  (await importOptional(() => import('./quantize/quantize.ts'))).quantizeModel(...given);

/**
 * Measures recipes of quantization side by side.
 * @function
 */
export const compare: typeof Compare.compare = async (...given) =>
  (await importOptional(() => import('./compare/compare.ts'))).compare(...given);

/**
 * Quantizes a float model by the recipe that pays for its diagnosis.
 * @function
 */
export const fix: typeof Fix.fix = async (...given) =>
  (await importOptional(() => import('./fix/fix.ts'))).fix(...given);

/**
 * Opens the images that `quantizeModel` calibrates with.
 * @function
 */
export const calibrationSource: typeof Quantize.calibrationSource = async (...given) =>
  (await importOptional(() => import('./quantize/quantize.ts'))).calibrationSource(...given);

/**
 * Measures top-1 and top-5 accuracy in float and in TF8.
 * @function
 */
export const evaluate: typeof Evaluate.evaluate = async (...given) =>
  (await importOptional(() => import('./evaluate/evaluate.ts'))).evaluate(...given);

/**
 * Counts on one shard of an evaluation's images.
 * @function
 */
export const evaluateShard: typeof Evaluate.evaluateShard = async (...given) =>
  (await importOptional(() => import('./evaluate/evaluate.ts'))).evaluateShard(...given);

/**
 * Gives the likeliest classes of one image.
 * @function
 */
export const classify: typeof Classify.classify = async (...given) =>
  (await importOptional(() => import('./classify.ts'))).classify(...given);

/**
 * Finds where the accuracy goes, layer by layer.
 * @function
 */
export const analyze: typeof Analyze.analyze = async (...given) =>
  (await importOptional(() => import('./analyze/analyze.ts'))).analyze(...given);

/**
 * Counts on one shard of an analysis' images.
 * @function
 */
export const analyzeShard: typeof Analyze.analyzeShard = async (...given) =>
  (await importOptional(() => import('./analyze/analyze.ts'))).analyzeShard(...given);

/**
 * Makes of all shards what one evaluation or analysis of all images gives.
 * @function
 */
export const mergeShards: typeof Merge.mergeShards = async (...given) =>
  (await importOptional(() => import('./shards/merge_shards.ts'))).mergeShards(...given);

/**
 * Writes a model in another program's format.
 * @function
 */
export const exportModel: typeof Export.exportModel = async (...given) =>
  (await importOptional(() => import('./export/export.ts'))).exportModel(...given);

/**
 * Runs an exported file in its real runtime, and the TF8 model that it carries in our executor, on the
 * same images, and compares every byte of every layer. The manifest beside the file keeps the result.
 * @throws UserError where the file is not the one its manifest describes, the data set cannot be opened,
 *   no image can be read, or the runtime cannot be set up; QuantizationError where tf8 did not export
 *   the file; the signal's reason when aborted
 */
export const verify = async (
  options: Verify.VerifyOptions,
  context: Context,
): Promise<Verify.VerifyResult> =>
  (await importOptional(() => import('./verify/verify.ts'))).verify(options, context);

/**
 * Runs a float model's file in the program that it is of, TensorFlow.js or LiteRT, and the float graph that
 * is read of it, on the same images, and compares the outputs.
 * @function
 */
export const verifyFloat: typeof VerifyFloat.verifyFloat = async (...given) =>
  (await importOptional(() => import('./verify/verify_float.ts'))).verifyFloat(...given);

/**
 * Writes the page of a run, with its figures.
 * @function
 */
export const report: typeof Report.reportRun = async (...given) =>
  (await importOptional(() => import('./report/report_run.ts'))).reportRun(...given);

/**
 * Says what differs between two runs.
 * @function
 */
export const diff: typeof Diff.diffRuns = async (...given) =>
  (await importOptional(() => import('./diff/diff_runs.ts'))).diffRuns(...given);

/**
 * Measures the paper's table.
 * @function
 */
export const reproduce: typeof Reproduce.reproduce = async (...given) =>
  (await importOptional(() => import('./reproduce/reproduce.ts'))).reproduce(...given);

/**
 * Estimates what `reproduce` would cost, from short trials.
 * @function
 */
export const estimateTable: typeof Reproduce.estimateTable = async (...given) =>
  (await importOptional(() => import('./reproduce/reproduce.ts'))).estimateTable(...given);
