import { availableParallelism } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { FloatNetwork } from '../../quantize/analyze/float_network.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { labelOffsetOn } from '../../workflows/open/model_facts.ts';
import { asInput, inputOn, preparationOf } from '../../workflows/open/model_input.ts';
import type { OpenedFloatModel } from '../../workflows/open/open_model.ts';
import { type QuantizedModel, quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { GranularityRecord } from '../../workflows/records/granularity_record.ts';
import { OutcomeMeter } from './outcome.ts';
import { type Parts, SimulatedNetwork } from './simulated_network.ts';

type Network = GranularityRecord['networks'][number];

/** Images that go through the networks at a time: bounds memory. */
const BATCH = 5;

const TF8: Parts = { weights: 'tensor', activations: 'tensor' };
const CHANNEL: Parts = { weights: 'channel', activations: 'tensor' };

/** The parts that are told apart. */
const PARTS: readonly Parts[] = [
  { weights: 'float', activations: 'tensor' },
  { weights: 'channel', activations: 'float' },
  CHANNEL,
  { weights: 'depthwise-channel', activations: 'tensor' },
  { weights: 'tensor', activations: 'float' },
  TF8,
];

export interface NetworkOptions {
  /** What the page calls it. */
  readonly name: string;
  readonly opened: OpenedFloatModel;
  /** Training images calibrate, test images are measured. */
  readonly dataset: LabelledDataset;
  readonly images: number;
  /** Numbers of calibration images. */
  readonly calibrations: readonly number[];
  readonly seed: number;
}

type Conversion = Pick<Network['integers'][number], 'zeroVariance' | 'calibrationImages'>;

/** A network with a part of it in 8 bits, and what is found of it. */
interface Contestant<Facts> {
  readonly facts: Facts;
  readonly meter: OutcomeMeter;
  logits(images: Float32Array): Float32Array;
}

/**
 * What 8 bits make of a network by parts: weights with one range a layer and one a channel,
 * activations with one range a tensor.
 * @throws UserError where the network has other classes than the images, or no image could be read
 */
export async function measureNetwork(options: NetworkOptions, context: Context): Promise<Network> {
  const { name, opened, dataset, images } = options;
  const { facts } = opened;
  const offset = labelOffsetOf(opened, dataset);
  const floats = new FloatNodes();
  const plans: Tf8Plan[] = [];
  const progress = context.reporter.start(`measuring ${name}`, images, 'images');
  try {
    const integers: Contestant<Conversion>[] = [];
    const simulated: Contestant<Conversion & Parts>[] = [];
    const conversions = await convert(options, context);
    const most = conversions[0].calibrationImages;
    for (const { quantized, ...conversion } of conversions) {
      const plan = planOn(quantized.model, { threads: availableParallelism() });
      plans.push(plan);
      integers.push({
        facts: conversion,
        meter: new OutcomeMeter(),
        logits: (batch) => plan.predict(batch),
      });
      for (const parts of partsOf(conversion, conversion.calibrationImages === most)) {
        const network = new SimulatedNetwork(quantized, parts, floats, plan.kernels);
        simulated.push({
          facts: { ...conversion, ...parts },
          meter: new OutcomeMeter(),
          logits: (batch) => network.logits(batch),
        });
      }
    }
    const [{ quantized }] = conversions;
    const exact = new FloatNetwork(quantized.graph, floats);
    const linear = withLinearDepthwise(quantized.graph);
    const float = new OutcomeMeter();
    const linearDepthwise = linear && {
      network: new FloatNetwork(linear, floats),
      meter: new OutcomeMeter(),
    };
    const logitsOf = (network: FloatNetwork, batch: Float32Array) =>
      byName(network.run(batch), network.graph.outputs[0]);
    const batches = dataset.batches({
      split: 'test',
      batchSize: BATCH,
      limit: images,
      ...preparationOf(inputOn(facts.input, dataset)),
      seed: options.seed,
      signal: context.signal,
    });
    let measured = 0;
    for await (const batch of batches) {
      const input = asInput(batch.images, facts.input);
      const labels = Array.from(batch.labels, (label) => label + offset);
      const reference = logitsOf(exact, input);
      float.add(reference, reference, labels);
      if (linearDepthwise) {
        const { network, meter } = linearDepthwise;
        meter.add(logitsOf(network, input), reference, labels);
      }
      for (const { logits, meter } of [...integers, ...simulated]) {
        meter.add(logits(input), reference, labels);
      }
      measured += labels.length;
      progress.update(measured);
    }
    const found = <Facts>({ facts: own, meter }: Contestant<Facts>) => ({
      ...own,
      ...meter.outcome(),
    });
    return {
      name,
      weightsSha256: facts.origin.weightsSha256 ?? '',
      dataset: dataset.name,
      data: dataset.fingerprint,
      images: measured,
      floatTop1Percent: float.outcome().top1Percent,
      ...(linearDepthwise && {
        linearDepthwiseTop1Percent: linearDepthwise.meter.outcome().top1Percent,
      }),
      integers: integers.map(found),
      simulated: simulated.map(found),
    };
  } finally {
    progress.end();
    floats.dispose();
    for (const plan of plans) plan.close();
  }
}

/**
 * The network in TF8 with every number of calibration images, the greatest first: as it is and, where it
 * has channels of zero variance, with Option 1.
 */
async function convert(
  { opened, dataset, calibrations, seed }: NetworkOptions,
  context: Context,
): Promise<readonly [Converted, ...Converted[]]> {
  const converted: Converted[] = [];
  for (const images of calibrations.toSorted((a, b) => b - a)) {
    for (const zeroVariance of ['keep', 'mean'] as const) {
      const source = { dataset, images, seed, skip: 0 };
      const quantized = await quantizeModel(opened, zeroVariance, source, context);
      const isOther = Object.keys(quantized.zeroVarianceChannels).length > 0;
      if (zeroVariance === 'mean' && !isOther) continue;
      const { calibrationImages } = quantized.model.provenance;
      converted.push({ zeroVariance, calibrationImages, quantized });
    }
  }
  return converted as [Converted, ...Converted[]];
}

/**
 * By all parts where most images calibrate; with Option 1 only what the integers compute too; with fewer
 * images only a range a channel, which the integers lack.
 */
function partsOf({ zeroVariance }: Conversion, isByMost: boolean): readonly Parts[] {
  if (!isByMost) return zeroVariance === 'keep' ? [CHANNEL] : [];
  return zeroVariance === 'keep' ? PARTS : [TF8];
}

interface Converted extends Conversion {
  readonly quantized: QuantizedModel;
}

/** The graph without activations behind its depthwise layers; undefined where it has none. */
function withLinearDepthwise(graph: FloatGraph): FloatGraph | undefined {
  const nodes = graph.nodes.map((node) =>
    isWeightedFloat(node) && node.op === 'depthwiseConv2d' && node.activation !== 'linear'
      ? { ...node, activation: 'linear' as const }
      : node,
  );
  return nodes.every((node, index) => node === graph.nodes[index])
    ? undefined
    : { ...graph, nodes };
}

function labelOffsetOf({ name, facts }: OpenedFloatModel, dataset: LabelledDataset): number {
  const offset = labelOffsetOn(facts, dataset);
  if (offset !== undefined) return offset;
  throw new UserError(
    `Expected a network with the ${dataset.classNames.length} classes of ${dataset.name} but ${name} has ${facts.outputs} outputs`,
    { remedy: 'Give the images that it was trained for.' },
  );
}
