import type { ImageBatch, LabelledDataset } from '../../datasets/dataset.ts';
import { rankOf } from '../../datasets/scoring/top_k.ts';
import { InvalidValueError, UserError } from '../../foundation/errors.ts';
import type { Accuracy, AccuracyAnalysis } from '../../quantize/analyze/analysis.ts';
import type { AnalyzerOptions } from '../../quantize/analyze/analyzer.ts';
import { PartialNetworks } from '../../quantize/analyze/partial_networks.ts';
import { labelOffsetOn, type ModelFacts } from '../open/model_facts.ts';
import { option } from '../wording.ts';
import type { TestImages } from './test_images.ts';

/** Images at a time: all their tensors are held. */
const BATCH = 4;

/**
 * Top-1 and top-5 with parts of the network in TF8, on the same images.
 * @param labelOffset the output of class 0
 * @throws UserError where a label has no output
 */
export async function measurePartialAccuracy(
  networks: AnalyzerOptions,
  images: TestImages,
  labelOffset: number,
  name: string,
): Promise<AccuracyAnalysis> {
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
    float: scores.float.accuracy(),
    tf8: scores.tf8.accuracy(),
    onlyWeights: scores.onlyWeights.accuracy(),
    onlyActivations: scores.onlyActivations.accuracy(),
    layers: layers.map(({ layer, onlyThis, allButThis }) => ({
      layer,
      onlyThis: onlyThis.accuracy(),
      allButThis: allButThis.accuracy(),
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

/** Counts how often the label's class is first, or among the first five. */
class Score {
  private images = 0;
  private first = 0;
  private firstFive = 0;

  /** @param logits [N, classes] */
  add(logits: Float32Array, { labels, names }: ImageBatch, labelOffset: number): void {
    if (labels === undefined) throw new InvalidValueError(`Expected a class of ${names[0]}`);
    const classes = logits.length / labels.length;
    labels.forEach((label, n) => {
      const index = label + labelOffset;
      if (index >= classes) {
        throw new UserError(
          `Expected a class in [0, ${classes - 1}] for ${names[n]} but its label is ${label} (class ${index})`,
          { remedy: 'Use a network with the classes of the data set.' },
        );
      }
      const rank = rankOf(logits.subarray(n * classes, (n + 1) * classes), index, names[n]);
      if (rank < 1) this.first++;
      if (rank < 5) this.firstFive++;
    });
    this.images += labels.length;
  }

  accuracy(): Accuracy {
    const percent = (count: number) => (100 * count) / this.images;
    return { top1: percent(this.first), top5: percent(this.firstFive) };
  }
}
