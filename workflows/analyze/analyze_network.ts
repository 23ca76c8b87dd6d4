import { availableParallelism } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import type { Dataset, ImageBatch } from '../../datasets/dataset.ts';
import { type Shard, shardSpan } from '../../datasets/order/shard.ts';
import { type Context, quietly } from '../../foundation/reporting/context.ts';
import type { Analysis, ProfileAnalysis } from '../../quantize/analyze/analysis.ts';
import {
  Analyzer,
  type AnalyzerOptions,
  type BothLogits,
} from '../../quantize/analyze/analyzer.ts';
import {
  type NetworkFacts,
  type NetworkSums,
  networkAnalysis,
} from '../../quantize/analyze/network_sums.ts';
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
import { OutcomeMeter, type OutcomeSums, outcomeOf } from './outcome_meter.ts';
import { countPartialAccuracy, type PartialSums, partialAccuracy } from './partial_accuracy.ts';
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

/** What was counted and summed of a network over images. */
export interface AnalysisSums {
  readonly network: NetworkSums;
  /** Absent of a network without classes. */
  readonly outcome?: OutcomeSums;
  /** By the default rule, where another is measured. */
  readonly plain?: PlainSums;
  /** With parts of the network in TF8, where that was asked for. */
  readonly parts?: PartialSums;
}

export interface CountedNetwork {
  /** What images do not change. */
  readonly facts: NetworkFacts;
  readonly sums: AnalysisSums;
  /** Of the first shard. */
  readonly samples?: Samples;
  /** Images that could not be read. */
  readonly skipped: number;
}

/** Where a network loses accuracy in TF8, and what it takes a few images for. */
export async function analyzeNetwork(
  network: NetworkToAnalyze,
  context: Context,
): Promise<AnalyzedNetwork> {
  const { facts, sums, samples, skipped } = await countNetwork(network, context);
  const patient = { ...network.patient, architecture: network.opened.facts.architecture };
  return {
    analysis: worded(analysisOf(facts, sums), patient, context),
    samples: samples!,
    skipped,
  };
}

/**
 * As `analyzeNetwork`, the counts and sums, which those of other images can be joined to.
 * @param shard of the images; all unless given
 */
export async function countNetwork(
  network: NetworkToAnalyze,
  context: Context,
  shard?: Shard,
): Promise<CountedNetwork> {
  const { tf8, graph, kernels, name, dataset, limit, among, seed, labelOffset, parts } = network;
  const { plain } = network;
  const { input } = tf8Facts(tf8);
  const chosen = { dataset, among, seed, input };
  const images = new TestImages({ ...chosen, spans: [shardSpan(shard, limit, BATCH)] }, context);
  const firstImages = shardSpan(shard, Math.min(limit, EFFECT_IMAGES), EFFECT_BATCH);
  const first = new TestImages({ ...chosen, spans: [firstImages] }, quietly(context));
  const floats = new FloatNodes();
  const threads = availableParallelism();
  using profile = plain && new ProfileMeter({ model: tf8, plain, kernels, threads });
  const networks = { graph, model: tf8, floats, kernels, threads, profile };
  let counted: LayersCount;
  let inParts: PartialSums | undefined;
  try {
    counted = await countLayers(networks, images, { name, labelOffset, first });
    if (parts && labelOffset !== undefined) {
      inParts = await countPartialAccuracy(networks, images, labelOffset, name);
    }
  } finally {
    floats.dispose();
  }
  return {
    facts: { ...counted.facts, model: name },
    sums: { ...counted.sums, ...(inParts && { parts: inParts }) },
    ...((shard === undefined || shard.number === 1) && {
      samples: await samplesOf(network, context),
    }),
    skipped: images.skipped.length,
  };
}

/** What the counts and sums over all images say. */
export function analysisOf(
  facts: NetworkFacts,
  { network, outcome, plain, parts }: AnalysisSums,
): Analysis {
  const found = networkAnalysis(facts, network);
  const { profile } = found;
  const analysis = {
    ...found,
    ...(outcome && outcomeOf(outcome)),
    ...(profile && { profile: { ...profile, ...(plain && plainOutcomeOf(plain)) } }),
  };
  if (parts === undefined) return analysis;
  return { ...analysis, accuracy: { ...analysis.accuracy, ...partialAccuracy(parts) } };
}

/** Both networks layer by layer, what each layer costs, and how often they agree. */
export async function measureLayers(
  networks: AnalyzerOptions,
  images: TestImages,
  chosen: Pick<NetworkToAnalyze, 'name' | 'labelOffset'> & Partial<Pick<NetworkToAnalyze, 'limit'>>,
): Promise<Analysis> {
  const { facts, sums } = await countLayers(networks, images, { ...chosen, first: images });
  return analysisOf(facts, sums);
}

type LayersCount = Pick<CountedNetwork, 'facts' | 'sums'>;

/** @param chosen.first whose first EFFECT_IMAGES tell what a layer costs */
async function countLayers(
  networks: AnalyzerOptions,
  images: TestImages,
  {
    name,
    labelOffset,
    limit,
    first,
  }: Pick<NetworkToAnalyze, 'name' | 'labelOffset'> &
    Partial<Pick<NetworkToAnalyze, 'limit'>> & { readonly first: TestImages },
): Promise<LayersCount> {
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
  await first.each(
    `${name}, what each layer costs`,
    EFFECT_BATCH,
    (batch) => analyzer.addEffects(batch.images),
    EFFECT_IMAGES,
  );
  return {
    facts: analyzer.facts(),
    sums: {
      network: analyzer.sums(),
      ...(outcome && { outcome: outcome.sums() }),
      ...(plain && { plain: plain.sums() }),
    },
  };
}

async function samplesOf(
  { opened, tf8, graph, kernels, dataset, seed, limit }: NetworkToAnalyze,
  context: Context,
): Promise<Samples> {
  using plan = new Tf8Plan(tf8, { kernels });
  return await takeSamples(
    {
      opened,
      tf8,
      dataset,
      input: tf8Facts(tf8).input,
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
}

/** The counts of what becomes of the images' first classes by the default rule of requantization. */
export interface PlainSums {
  readonly withFloat: OutcomeSums;
  readonly withProfile: OutcomeSums;
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

  sums(): PlainSums {
    return { withFloat: this.withFloat.sums(), withProfile: this.withProfile.sums() };
  }
}

function plainOutcomeOf({
  withFloat,
  withProfile,
}: PlainSums): Pick<ProfileAnalysis, 'agreement' | 'default'> {
  return { ...outcomeOf(withProfile), default: outcomeOf(withFloat) };
}

/** Whether an output has a number for each class. */
function isClassifier(model: Tf8Model): boolean {
  return isVector(outputNode(model).output);
}
