import { availableParallelism } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Analysis } from '../../quantize/analyze/analysis.ts';
import { Analyzer, type AnalyzerOptions } from '../../quantize/analyze/analyzer.ts';
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
  const { input } = tf8Facts(tf8);
  const spans = [{ skip: 0, limit }];
  const images = new TestImages({ dataset, spans, among, seed, input }, context);
  const floats = new FloatNodes();
  const networks = { graph, model: tf8, floats, kernels, threads: availableParallelism() };
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
  await images.each(
    `${name}, layer by layer`,
    BATCH,
    (batch) => {
      const logits = analyzer.add(batch.images);
      outcome?.add(logits, batch);
    },
    limit,
  );
  await images.each(
    `${name}, what each layer costs`,
    EFFECT_BATCH,
    (batch) => analyzer.addEffects(batch.images),
    EFFECT_IMAGES,
  );
  return { ...analyzer.analysis(), ...outcome?.outcome() };
}

/** Whether an output has a number for each class. */
function isClassifier(model: Tf8Model): boolean {
  return isVector(outputNode(model).output);
}
