import type { LabelledDataset } from '../../datasets/dataset.ts';
import { joinedCounts, percentRight, type RightCounts } from '../../datasets/scoring/accuracy.ts';
import { UserError } from '../../foundation/errors.ts';
import type { PartialAccuracyAnalysis } from '../../quantize/analyze/analysis.ts';
import type { AnalyzerOptions } from '../../quantize/analyze/analyzer.ts';
import { PartialNetworks } from '../../quantize/analyze/partial_networks.ts';
import { labelOffsetOn, type ModelFacts } from '../open/model_facts.ts';
import { option } from '../wording.ts';
import { Score } from './score.ts';
import type { TestImages } from './test_images.ts';

/** Images at a time: all their tensors are held. */
const BATCH = 4;

/** How often each partial network is right. */
export interface PartialSums {
  readonly images: number;
  readonly float: RightCounts;
  readonly tf8: RightCounts;
  readonly onlyWeights: RightCounts;
  readonly onlyActivations: RightCounts;
  readonly layers: readonly {
    readonly layer: string;
    readonly onlyThis: RightCounts;
    readonly allButThis: RightCounts;
  }[];
}

/**
 * Counts the images that are right with parts of the network in TF8, on the same images.
 * @param labelOffset the output of class 0
 * @throws UserError where a label has no output
 */
export async function countPartialAccuracy(
  networks: AnalyzerOptions,
  images: TestImages,
  labelOffset: number,
  name: string,
): Promise<PartialSums> {
  using partial = new PartialNetworks(networks);
  const scores = {
    float: new Score(),
    tf8: new Score(),
    onlyWeights: new Score(),
    onlyActivations: new Score(),
  };
  const layers = networks.graph.nodes.map(({ name: layer }) => ({
    layer,
    onlyThis: new Score(),
    allButThis: new Score(),
  }));
  const shown = await images.each(`${name}, accuracy with parts in TF8`, BATCH, (batch) => {
    const logits = partial.logits(batch.images);
    const of = (score: Score, values: Float32Array) => score.add(values, batch, labelOffset);
    of(scores.float, logits.float);
    of(scores.tf8, logits.tf8);
    of(scores.onlyWeights, logits.onlyWeights);
    of(scores.onlyActivations, logits.onlyActivations);
    logits.layers.forEach(({ onlyThis, allButThis }, index) => {
      of(layers[index].onlyThis, onlyThis);
      of(layers[index].allButThis, allButThis);
    });
  });
  return {
    images: shown,
    float: scores.float.counts(),
    tf8: scores.tf8.counts(),
    onlyWeights: scores.onlyWeights.counts(),
    onlyActivations: scores.onlyActivations.counts(),
    layers: layers.map(({ layer, onlyThis, allButThis }) => ({
      layer,
      onlyThis: onlyThis.counts(),
      allButThis: allButThis.counts(),
    })),
  };
}

export function joinedPartial(a: PartialSums, b: PartialSums): PartialSums {
  return {
    images: a.images + b.images,
    float: joinedCounts(a.float, b.float),
    tf8: joinedCounts(a.tf8, b.tf8),
    onlyWeights: joinedCounts(a.onlyWeights, b.onlyWeights),
    onlyActivations: joinedCounts(a.onlyActivations, b.onlyActivations),
    layers: a.layers.map(({ layer, onlyThis, allButThis }, index) => ({
      layer,
      onlyThis: joinedCounts(onlyThis, b.layers[index].onlyThis),
      allButThis: joinedCounts(allButThis, b.layers[index].allButThis),
    })),
  };
}

/** Top-1 and top-5 with parts of the network in TF8. */
export function partialAccuracy(sums: PartialSums): PartialAccuracyAnalysis {
  return {
    images: sums.images,
    float: percentRight(sums.float),
    tf8: percentRight(sums.tf8),
    onlyWeights: percentRight(sums.onlyWeights),
    onlyActivations: percentRight(sums.onlyActivations),
    layers: sums.layers.map(({ layer, onlyThis, allButThis }) => ({
      layer,
      onlyThis: percentRight(onlyThis),
      allButThis: percentRight(allButThis),
    })),
  };
}

export interface LabelledNetwork {
  readonly name: string;
  readonly facts: Pick<ModelFacts, 'labels' | 'outputs'>;
}

/**
 * The output of class 0 (`labelOffsetOn`).
 * @throws UserError where the outputs are not those classes
 */
export function labelOffsetOf({ facts, name }: LabelledNetwork, dataset: LabelledDataset): number {
  const offset = labelOffsetOn(facts, dataset);
  if (offset !== undefined) return offset;
  const classes = dataset.classNames.length;
  throw new UserError(
    `Expected ${classes} outputs, or ${classes + 1} with a background class, for ${option('accuracy')} on ${dataset.name} but ${name} has ${facts.outputs}`,
    {
      remedy: `Measure on the data set that the model was trained for, or leave ${option('accuracy')} out.`,
    },
  );
}
