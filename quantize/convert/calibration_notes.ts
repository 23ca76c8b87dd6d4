import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { expectedMeans } from './batch_norm_correction.ts';
import type { CalibratedRanges } from './calibrate.ts';
import { type CalibrationSample, halfStep, type SampledTensor } from './calibration_sample.ts';
import { rangeOf } from './observed_range.ts';
import type { Recipe } from './recipe.ts';

/** Layers that a note names, at most. */
const NAMED = 4;

/** Standard deviations by batch norm that the median channel's mean may be away. */
const FAR = 1;

/** Energy of the outputs that differs between images, in parts of all of it: less is nearly constant. */
const CONSTANT = 1e-4;

/** Part of a tensor's values other than 0 that round to it: more, and a few values decide the range. */
const LOST = 0.5;

/**
 * What of the calibration the user should know: where the network hardly reacts to the images, where these do not
 * look like those that it was trained on, and where a few values decide a range.
 * @param graph the network after the recipe's passes
 */
export function calibrationNotes(
  graph: FloatGraph,
  { ranges, images }: CalibratedRanges,
  { sample, weights }: { readonly sample: CalibrationSample; readonly weights: Recipe['weights'] },
): string[] {
  const notes: string[] = [];
  if (images === 1) {
    notes.push('Calibrated with one image: ranges and corrections fit that image; take 50 or more');
  }
  const names = [graph.input.name, ...graph.nodes.map(({ name }) => name)];
  const constant = names.filter((name) => {
    const range = ranges.get(name);
    return range !== undefined && range.min === range.max;
  });
  const note = (layers: readonly string[], text: (named: string) => string) => {
    if (layers.length > 0) notes.push(text(named(layers)));
  };
  note(
    constant,
    (layers) =>
      `The calibration images leave ${layers} constant: the ranges there say nothing of other images; calibrate with photographs that the network was made for`,
  );
  const tensors = sample.tensors(ranges);
  note(
    graph.nodes.filter(({ name }) => isFar(graph, name, tensors.get(name))).map(({ name }) => name),
    (layers) =>
      `The values of ${layers} are far from what the batch norms there were trained on: the calibration images, or their preprocessing, are not those that the network was made for; \`preprocessing\` says how its pixels are to be scaled`,
  );
  note(
    graph.outputs.filter((name) => isNearlyConstant(tensors.get(name), sample.images)),
    (layers) =>
      `The outputs ${layers} hardly differ between the calibration images: take images that differ as those do that the network was made for, and check its \`preprocessing\``,
  );
  note(
    names.filter((name) => (tensors.get(name)?.lostShare ?? 0) > LOST),
    (layers) =>
      `A few huge values decide the range of ${layers}: most values there round to zero; look for an image that is none, or observe by percentile or mse`,
  );
  // Other ranges leave such weights out by themselves.
  if (weights.range !== 'minMax' || weights.granularity === 'channel') return notes;
  const weighted = graph.nodes.filter(isWeightedFloat).filter(hasStretchedWeights);
  const isDead = ({ batchNorm }: FloatWeightedNode) =>
    batchNorm !== undefined && batchNorm.deadChannels.length > batchNorm.replacedChannels.length;
  note(
    weighted.filter(isDead).map(({ name }) => name),
    (layers) =>
      `Channels of zero variance decide the range of the weights of ${layers}: most of the others there round to zero; the recipe best leaves them out`,
  );
  note(
    weighted.filter((node) => !isDead(node)).map(({ name }) => name),
    (layers) =>
      `A few huge weights decide the range of ${layers}: most of the others there round to zero; the recipe best weighs them by their inputs`,
  );
  return notes;
}

function named(layers: readonly string[]): string {
  const more = layers.length > NAMED ? ` and ${layers.length - NAMED} more` : '';
  return `${layers.slice(0, NAMED).join(', ')}${more}`;
}

/** Whether the channels' means are far from those that batch norm and activation make of a normal distribution. */
function isFar(graph: FloatGraph, name: string, sampled: SampledTensor | undefined): boolean {
  const expected = expectedMeans(graph, name);
  const node = graph.nodes.find((other) => other.name === name);
  if (expected === undefined || sampled === undefined || node === undefined) return false;
  if (!isWeightedFloat(node) || node.batchNorm === undefined) return false;
  const { gamma } = node.batchNorm;
  const distances = [...sampled.means].flatMap((mean, c) =>
    gamma[c] === 0 ? [] : [Math.abs(mean - expected[c]) / Math.abs(gamma[c])],
  );
  return medianOf(distances) > FAR;
}

function isNearlyConstant(sampled: SampledTensor | undefined, images: number): boolean {
  if (sampled?.values === undefined || images < 2) return false;
  const { values } = sampled;
  const size = values.length / images;
  let differing = 0;
  let energy = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    let squares = 0;
    for (let n = i; n < values.length; n += size) {
      sum += values[n];
      squares += values[n] ** 2;
    }
    differing += Math.max(0, squares - sum ** 2 / images);
    energy += squares;
  }
  return differing <= CONSTANT * energy;
}

/** Whether more than half of the weights that are not 0 round to it, by min/max. */
function hasStretchedWeights({ kernel }: FloatWeightedNode): boolean {
  const half = halfStep(rangeOf(kernel));
  let zeros = 0;
  let others = 0;
  for (const weight of kernel) {
    if (weight === 0) continue;
    if (Math.abs(weight) < half) zeros++;
    else others++;
  }
  return zeros > others;
}

function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
