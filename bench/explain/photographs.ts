import { type FloatGraph, floatGraph } from '../../architectures/graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { type Tf8Model, tensorNames, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import { dequantizeArray } from '../../quantize/params/quantization.ts';
import { sqnrDb } from '../../quantize/params/sqnr.ts';
import { Evaluation } from '../../workflows/evaluate/evaluation.ts';
import type { OpenedFloatModel } from '../../workflows/open/open_model.ts';
import { CONVERSION_DEFAULTS } from '../../workflows/quantize/conversion.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { ExplainRecord } from '../../workflows/records/explain_record.ts';
import { figure } from './figure.ts';

type Photographs = NonNullable<ExplainRecord['photographs']>;

export interface PhotographOptions {
  /** Images whose layers are compared. */
  readonly images: number;
  /** Images whose classes are compared; all unless given. */
  readonly limit: number | undefined;
  readonly seed: number;
}

/** Marks the node that shows what a ReLU6 gets. */
const LINEAR = '/linear';

/**
 * What TF8 makes of accuracy and of every layer's output, as published and with Option 1, and what
 * ReLU6 clips, on test images; training images calibrate.
 */
export async function measurePhotographs(
  opened: OpenedFloatModel,
  dataset: LabelledDataset,
  { images, limit, seed }: PhotographOptions,
  context: Context,
): Promise<Photographs> {
  const calibration = { dataset, images: CONVERSION_DEFAULTS.calibrationImages, seed, skip: 0 };
  const models = {
    asPublished: (await quantizeModel(opened, 'keep', calibration, context)).model,
    option1: (await quantizeModel(opened, 'mean', calibration, context)).model,
  };
  const evaluation = new Evaluation(dataset, { limit, seed }, context);
  const float = await evaluation.float(opened);
  const tf8 = {
    asPublished: await evaluation.tf8(models.asPublished, 'auto', 'as published'),
    option1: await evaluation.tf8(models.option1, 'auto', 'Option 1'),
  };
  const asPublished = new Layers(models.asPublished);
  const option1 = new Layers(models.option1);
  const clips = new Clips();
  const dead = new DeadInputs(opened.graph);
  const graph = withLinear(fuseGraph(opened.graph, { zeroVariance: 'keep' }));
  const runner = new FloatRunner(graph);
  const [resolution] = graph.input.shape;
  const batches = dataset.batches({
    split: 'test',
    batchSize: 1,
    limit: images,
    resolution,
    seed,
    signal: context.signal,
  });
  let measured = 0;
  const progress = context.reporter.start('comparing layers', images, 'images');
  try {
    for await (const { images: image, shape } of batches) {
      asPublished.run(image);
      option1.run(image);
      runner.layers(image, shape, (name, values) => {
        if (name.endsWith(LINEAR)) {
          clips.add(name.slice(0, -LINEAR.length), values);
          return;
        }
        dead.add(name, values);
        asPublished.compare(name, values);
        option1.compare(name, values);
      });
      progress.update(++measured);
    }
  } finally {
    progress.end();
    runner.dispose();
  }
  const weighted = graph.nodes.filter(isWeightedFloat).filter(({ name }) => !name.endsWith(LINEAR));
  return {
    accuracy: {
      images: evaluation.counts().images,
      floatTop1Percent: float.top1,
      asPublishedTop1Percent: tf8.asPublished.top1,
      option1Top1Percent: tf8.option1.top1,
    },
    images: measured,
    calibrationImages: models.asPublished.provenance.calibrationImages,
    seed,
    data: dataset.fingerprint,
    kernelTier: asPublished.tier,
    ...dead.counts(),
    layers: weighted.map(({ name }) => ({
      layer: name,
      asPublishedDb: figure(asPublished.meanDb(name)),
      option1Db: figure(option1.meanDb(name)),
    })),
    relu6: weighted
      .filter(({ activation }) => activation === 'relu6')
      .map(({ name, op }) => ({
        layer: name,
        depthwise: op === 'depthwiseConv2d',
        ...clips.of(name),
      })),
  };
}

/** The graph with a twin in front of every ReLU6 node that computes the same without the clip. */
function withLinear(graph: FloatGraph): FloatGraph {
  const nodes = graph.nodes.flatMap((node): FloatNode[] =>
    isWeightedFloat(node) && node.activation === 'relu6'
      ? [{ ...node, name: `${node.name}${LINEAR}`, activation: 'linear' }, node]
      : [node],
  );
  return floatGraph({ ...graph, nodes });
}

/** SQNR of each layer of a TF8 network against float, the mean over images. */
class Layers {
  private readonly plan: Tf8Plan;
  private readonly sumDb = new Map<string, number>();
  private outputs: ReadonlyMap<string, Uint8Array> = new Map();
  private images = 0;

  constructor(model: Tf8Model) {
    this.plan = planOn(model, { outputs: tensorNames(model) });
  }

  get tier(): TierName {
    return this.plan.kernels.tier;
  }

  run(image: Float32Array): void {
    this.outputs = this.plan.run(image);
    this.images++;
  }

  compare(name: string, float: Float32Array): void {
    const { quantization } = byName(tensorSpecs(this.plan.model), name);
    const db = sqnrDb(float, dequantizeArray(byName(this.outputs, name), quantization));
    this.sumDb.set(name, (this.sumDb.get(name) ?? 0) + db);
  }

  meanDb(name: string): number {
    return byName(this.sumDb, name) / this.images;
  }
}

/** What is counted of a layer's outputs before its ReLU6. */
interface ClipCounts {
  values: number;
  clipped: number;
  max: number;
  /** Sum of squares behind ReLU, and what of it ReLU6 takes away. */
  energy: number;
  lost: number;
}

class Clips {
  private readonly layers = new Map<string, ClipCounts>();

  add(name: string, values: Float32Array): void {
    const counts = this.layers.get(name) ?? {
      values: 0,
      clipped: 0,
      max: -Infinity,
      energy: 0,
      lost: 0,
    };
    this.layers.set(name, counts);
    counts.values += values.length;
    for (const value of values) {
      if (value > counts.max) counts.max = value;
      if (value <= 0) continue;
      counts.energy += value ** 2;
      if (value <= 6) continue;
      counts.clipped++;
      counts.lost += value ** 2 - 6 ** 2;
    }
  }

  of(name: string): { clippedShare: number; clippedEnergy: number; max: number } {
    const { values, clipped, max, energy, lost } = byName(this.layers, name);
    return {
      clippedShare: figure(clipped / values),
      clippedEnergy: energy === 0 ? 0 : figure(lost / energy),
      max: figure(max),
    };
  }
}

/** Whether anything but 0 ever comes into the channels of zero variance. */
class DeadInputs {
  /** By the name of the tensor that feeds a depthwise layer: its number of channels, and the dead ones. */
  private readonly watched = new Map<string, { channels: number; dead: readonly number[] }>();
  private readonly fed = new Set<string>();

  constructor(graph: FloatGraph) {
    const { nodes } = fuseGraph(graph, { zeroVariance: 'mean' });
    for (const { inputs, bias, batchNorm } of nodes.filter(isWeightedFloat)) {
      const dead = batchNorm?.replacedChannels ?? [];
      if (dead.length > 0) this.watched.set(inputs[0], { channels: bias.length, dead });
    }
  }

  add(name: string, values: Float32Array): void {
    const { channels, dead } = this.watched.get(name) ?? { channels: 1, dead: [] };
    for (const channel of dead) {
      for (let at = channel; at < values.length; at += channels) {
        if (values[at] !== 0) this.fed.add(`${name} ${channel}`);
      }
    }
  }

  counts(): { dead: number; deadWithInput: number } {
    let dead = 0;
    for (const watched of this.watched.values()) dead += watched.dead.length;
    return { dead, deadWithInput: this.fed.size };
  }
}
