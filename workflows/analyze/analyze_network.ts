import { availableParallelism } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import type { Dataset, ImageBatch } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Analysis, ProfileAnalysis } from '../../quantize/analyze/analysis.ts';
import {
  Analyzer,
  type AnalyzerOptions,
  type BothLogits,
} from '../../quantize/analyze/analyzer.ts';
import { ProfileMeter } from '../../quantize/analyze/profile_meter.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { classProbabilities } from '../../quantize/execute/top_classes.ts';
import type { Kernels } from '../../quantize/kernels/kernels.ts';
import { isVector, outputNode, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { predictGraph } from '../../training/float_predictor.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { tf8Facts } from '../open/tf8_facts.ts';
import { hasPictures, outputPictures } from '../pictures/output_pictures.ts';
import type { WordedAnalysis } from '../records/analysis_record.ts';
import type { Samples } from '../records/samples.ts';
import { OutcomeMeter } from './outcome_meter.ts';
import { measurePartialAccuracy } from './partial_accuracy.ts';
import type { Patient } from './remedy.ts';
import { takeSamples } from './samples.ts';
import { TestImages } from './test_images.ts';
import { worded } from './worded.ts';

/** Images that go through both networks at a time: bounds memory. */
const BATCH = 8;

/** Images whose logits tell what a layer costs, and how many of them at a time: all tensors are held. */
export const EFFECT_IMAGES = 16;
const EFFECT_BATCH = 4;

/** Images that are shown with their likeliest classes. */
const SAMPLES = 6;

export interface NetworkToAnalyze {
  readonly opened: Pick<OpenedFloatModel, 'graph' | 'facts'>;
  /** What the network was quantized to, from this graph. */
  readonly tf8: Tf8Model;
  readonly graph: FloatGraph;
  /** What it was quantized to for the default rule of requantization: that of `tf8` is measured against it. */
  readonly plain?: Tf8Model | undefined;
  readonly kernels: Kernels;
  /** What the analysis calls the network. */
  readonly name: string;
  readonly dataset: Dataset;
  /** Images of the test split, in the seed's order, broken ones included. */
  readonly limit: number;
  /** Indices of the split's images to choose from, ascending; all unless given. */
  readonly among?: Uint32Array | undefined;
  readonly seed: number;
  /** The output of class 0, for accuracies; these are left out unless given. */
  readonly labelOffset?: number | undefined;
  /** Measure accuracies with parts of the network in TF8, too. */
  readonly parts?: boolean | undefined;
  /** How remedies name the network and its images. */
  readonly patient: Omit<Patient, 'architecture'>;
}

export interface AnalyzedNetwork {
  readonly analysis: WordedAnalysis;
  readonly samples: Samples;
  /** Images that could not be read. */
  readonly skipped: number;
}

/** Where a network loses accuracy in TF8, and what it takes a few images for. */
export async function analyzeNetwork(
  network: NetworkToAnalyze,
  context: Context,
): Promise<AnalyzedNetwork> {
  const { opened, tf8, graph, kernels, name, dataset, limit, among, seed, labelOffset, parts } =
    network;
  const { plain } = network;
  const { input } = tf8Facts(tf8);
  const spans = [{ skip: 0, limit }];
  const images = new TestImages({ dataset, spans, among, seed, input }, context);
  const floats = new FloatNodes();
  const threads = availableParallelism();
  using profile = plain && new ProfileMeter({ model: tf8, plain, kernels, threads });
  const networks = { graph, model: tf8, floats, kernels, threads, profile };
  let analysis: Analysis;
  try {
    analysis = { ...(await measureLayers(networks, images, { name, labelOffset })), model: name };
    if (parts && labelOffset !== undefined) {
      const accuracy = await measurePartialAccuracy(networks, images, labelOffset, name);
      analysis = { ...analysis, accuracy: { ...analysis.accuracy, ...accuracy } };
    }
  } finally {
    floats.dispose();
  }
  using plan = new Tf8Plan(tf8, { kernels });
  const samples = await takeSamples(
    {
      opened,
      tf8,
      dataset,
      input,
      seed,
      images: Math.min(SAMPLES, limit),
      ...(isClassifier(tf8) && {
        predictTf8: (image) => classProbabilities(plan.predict(image), outputNode(tf8)),
      }),
      ...(hasPictures(tf8) && {
        draw: async ({ images: image, shape }, photograph) =>
          outputPictures(plan, image, predictGraph(graph, image, shape), photograph),
      }),
    },
    context,
  );
  const patient = { ...network.patient, architecture: opened.facts.architecture };
  return { analysis: worded(analysis, patient, context), samples, skipped: images.skipped.length };
}

/** Both networks layer by layer, what each layer costs, and how often they agree. */
export async function measureLayers(
  networks: AnalyzerOptions,
  images: TestImages,
  {
    name,
    labelOffset,
    limit,
  }: Pick<NetworkToAnalyze, 'name' | 'labelOffset'> & Partial<Pick<NetworkToAnalyze, 'limit'>>,
): Promise<Analysis> {
  using analyzer = new Analyzer(networks);
  const outcome = isClassifier(networks.model) ? new OutcomeMeter(labelOffset) : undefined;
  const plain = networks.profile && outcome && new PlainOutcome(labelOffset);
  await images.each(
    `${name}, layer by layer`,
    BATCH,
    (batch) => {
      const logits = analyzer.add(batch.images);
      outcome?.add(logits, batch);
      plain?.add(logits, batch);
    },
    limit,
  );
  await images.each(
    `${name}, what each layer costs`,
    EFFECT_BATCH,
    (batch) => analyzer.addEffects(batch.images),
    EFFECT_IMAGES,
  );
  const analysis = analyzer.analysis();
  const { profile } = analysis;
  return {
    ...analysis,
    ...outcome?.outcome(),
    ...(profile && { profile: { ...profile, ...plain?.outcome() } }),
  };
}

/** What becomes of the images' first classes by the default rule of requantization. */
class PlainOutcome {
  private readonly withFloat: OutcomeMeter;
  private readonly withProfile = new OutcomeMeter(undefined);

  constructor(labelOffset: number | undefined) {
    this.withFloat = new OutcomeMeter(labelOffset);
  }

  add({ float, tf8, plain }: BothLogits, batch: ImageBatch): void {
    if (plain === undefined) return;
    this.withFloat.add({ float, tf8: plain }, batch);
    this.withProfile.add({ float: plain, tf8 }, batch);
  }

  outcome(): Pick<ProfileAnalysis, 'agreement' | 'default'> {
    return { ...this.withProfile.outcome(), default: this.withFloat.outcome() };
  }
}

/** Whether an output has a number for each class. */
function isClassifier(model: Tf8Model): boolean {
  return isVector(outputNode(model).output);
}
