import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { SkippedImage } from '../../datasets/dataset.ts';
import { accuracyOf, joinedCounts, type RightCounts } from '../../datasets/scoring/accuracy.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { KernelsUsed } from '../open/kernels_used.ts';
import type { Environment } from '../records/environment.ts';
import {
  comparedOutputs,
  joinedOutput,
  type OutputFigures,
  type OutputsCount,
} from './compare_outputs.ts';
import { type Counted, type Measured, measured } from './evaluation.ts';

export interface EvaluateResult {
  readonly model: string;
  readonly dataset: string;
  /** Images that were scored, and images that could not be read. */
  readonly images: number;
  readonly skipped: number;
  readonly skippedImages: readonly SkippedImage[];
  /** What was asked for, without folders of the machine. */
  readonly configuration: Readonly<Record<string, string | number | boolean | null>>;
  readonly environment: Environment;
  /** `Dataset.fingerprint` of the images. */
  readonly dataSha256: string;
  /** Undefined where nobody has taken it. */
  readonly weightsSha256?: string | undefined;
  /** Absent of images without classes, as is `tf8`. */
  readonly float?: Measured;
  readonly tf8?: Measured & KernelsUsed;
  /** TF8 against float at every output; absent where not both networks were there. */
  readonly outputs?: readonly OutputFigures[];
  /** The first images, on which the outputs were compared. */
  readonly outputImages?: number;
  /** Absent where only the float network was measured. */
  readonly calibration?: DataCalibration | FileCalibration;
}

interface CalibrationBasis {
  readonly images: number;
  /** Name and fingerprint of the data set. */
  readonly data: string;
  readonly zeroVariance: ZeroVariancePolicy;
  readonly recipe: Recipe;
}

export interface DataCalibration extends CalibrationBasis {
  readonly source: 'data';
  /** Images that could not be read. */
  readonly skipped: number;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
  /** Some images were calibrated with and evaluated. */
  readonly overlap: boolean;
}

/** What a TF8 file says of its calibration. */
export interface FileCalibration extends CalibrationBasis {
  readonly source: 'file';
}

/** Figures of one network, in percent. */
export type MeasuredFigures = Omit<Measured, 'time' | 'measuredAt'>;

/** What an evaluation found, without the times, which are others each time: equal evaluations have equal bytes. */
export interface EvaluationRecord extends Omit<EvaluateResult, 'float' | 'tf8'> {
  readonly float?: MeasuredFigures;
  readonly tf8?: MeasuredFigures & KernelsUsed;
}

/** What the images do not change of an evaluation. */
export interface EvaluationFacts
  extends Pick<
    EvaluateResult,
    'model' | 'dataset' | 'configuration' | 'environment' | 'dataSha256' | 'weightsSha256'
  > {
  /** Of the TF8 network, where it is scored. */
  readonly kernels?: KernelsUsed;
  readonly calibration?: DataCalibration | FileCalibration;
}

/** What is counted and summed over images. */
export interface EvaluationSums {
  /** Images that were scored, or compared on where they have no classes. */
  readonly images: number;
  readonly skippedImages: readonly SkippedImage[];
  readonly float?: RightCounts;
  readonly tf8?: RightCounts;
  readonly outputs?: Omit<OutputsCount, 'skipped'>;
}

/** Of two parts of the images, in their order. */
export function joinedEvaluation(a: EvaluationSums, b: EvaluationSums): EvaluationSums {
  const outputs = a.outputs &&
    b.outputs && {
      images: a.outputs.images + b.outputs.images,
      outputs: a.outputs.outputs.map((sums, at) => joinedOutput(sums, b.outputs!.outputs[at])),
    };
  return {
    images: a.images + b.images,
    skippedImages: [...a.skippedImages, ...b.skippedImages],
    ...(a.float && b.float && { float: joinedCounts(a.float, b.float) }),
    ...(a.tf8 && b.tf8 && { tf8: joinedCounts(a.tf8, b.tf8) }),
    ...(outputs && { outputs }),
  };
}

/**
 * What the counts and sums over all images say.
 * @throws UserError where no image could be read
 */
export function evaluationRecord(facts: EvaluationFacts, sums: EvaluationSums): EvaluationRecord {
  const { float, tf8 } = sums;
  return assembled(
    facts,
    sums,
    float && figuresOf(float),
    tf8 && { ...figuresOf(tf8), ...facts.kernels! },
  );
}

/** The same with what the networks took. */
export function evaluateResult(
  facts: EvaluationFacts,
  sums: EvaluationSums,
  { float, tf8 }: { readonly float?: Counted | undefined; readonly tf8?: Counted | undefined },
): EvaluateResult {
  return assembled(
    facts,
    sums,
    float && measured(float),
    tf8 && { ...measured(tf8), ...facts.kernels! },
  );
}

function assembled<Float extends object, Tf8 extends object>(
  facts: EvaluationFacts,
  { images, skippedImages, outputs }: EvaluationSums,
  float: Float | undefined,
  tf8: Tf8 | undefined,
) {
  const { model, dataset, configuration, environment, dataSha256, weightsSha256 } = facts;
  const { calibration } = facts;
  const compared = outputs && comparedOutputs({ ...outputs, skipped: [] }, dataset);
  return {
    model,
    dataset,
    configuration,
    environment,
    dataSha256,
    weightsSha256,
    images,
    skipped: skippedImages.length,
    skippedImages,
    ...(float && { float }),
    ...(tf8 && { tf8 }),
    ...(compared && { outputs: compared.outputs, outputImages: compared.images }),
    ...(calibration && { calibration }),
  };
}

function figuresOf(counts: RightCounts): MeasuredFigures {
  const { top1, top5 } = accuracyOf(counts);
  return { top1, top5 };
}
