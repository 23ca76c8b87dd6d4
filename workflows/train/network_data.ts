import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type {
  BatchOptions,
  Dataset,
  LabelledBatch,
  LabelledDataset,
} from '../../datasets/dataset.ts';
import { isLabelled } from '../../datasets/labels.ts';
import { relabelled } from '../../datasets/relabelled.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { floatCompiler } from '../open/float_compiler.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';
import type { ModelImages } from '../open/open_data.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** Images of a run of the float network: bounds memory. */
const LABELLING_BATCH = 10;

/** Images whose labels count the outputs of a network. */
export interface NetworkImages {
  readonly dataset: LabelledDataset;
  /** What the labels are: the images' classes, or what the float network takes them for. */
  readonly labels: 'classes' | 'float network';
}

/** The float network that TF8 has the whole of, batch norms folded. */
export function floatGraphOf({ graph }: OpenedFloatModel): FloatGraph {
  return fuseGraph(graph, { zeroVariance: 'keep' });
}

/** The name of the tensor that has a number for each class. */
function classOutput(graph: FloatGraph, { facts }: OpenedFloatModel): string {
  const { outputs } = graph;
  const sized = outputs.find((name) => elements(shapeIn(graph, name)) === facts.outputs);
  return sized ?? outputs[0];
}

/**
 * Images with a label for each: its class's output, or, where they have no classes, or others than the
 * network, the output that the float network gives the most.
 * @param graph the model's `floatGraphOf`
 */
export async function networkImages(
  { dataset, labelOffset }: ModelImages,
  opened: OpenedFloatModel,
  graph: FloatGraph,
  context: Context,
): Promise<NetworkImages> {
  if (labelOffset !== undefined && isLabelled(dataset)) {
    return { dataset: withOffset(dataset, labelOffset), labels: 'classes' };
  }
  const labels = await labelsOf(dataset, opened, graph, context);
  return { dataset: withLabels(dataset, labels, opened.facts.outputs), labels: 'float network' };
}

/** A data set's images as a network takes them: their size, part and numbers. */
export function inputOf(dataset: LabelledDataset, input: InputFacts): LabelledDataset {
  const { width, ...square } = preparationOf(input);
  const isSquare = width === square.resolution;
  return {
    ...dataset,
    async *batches(options) {
      const asked = { ...options, ...square, ...(!isSquare && { width }) };
      for await (const batch of dataset.batches(asked)) {
        const { images, shape } = batch;
        yield { ...batch, images: asInput(images, input), shape: inputShape(shape, input) };
      }
    },
  };
}

function withOffset(dataset: LabelledDataset, offset: number): LabelledDataset {
  if (offset === 0) return dataset;
  const background = Array.from({ length: offset }, () => 'background');
  const classNames = [...background, ...dataset.classNames];
  return relabelled(dataset, classNames, (label) => label + offset);
}

/** @param labels by the names of the training images */
function withLabels(
  dataset: Dataset,
  labels: ReadonlyMap<string, number>,
  outputs: number,
): LabelledDataset {
  const inOrder = [...labels.values()];
  return {
    ...dataset,
    classNames: Array.from({ length: outputs }, (_, output) => `output ${output}`),
    label: (_, index) => inOrder[index],
    async *batches(options: BatchOptions): AsyncGenerator<LabelledBatch> {
      for await (const batch of dataset.batches(options)) {
        yield { ...batch, labels: Int32Array.from(batch.names, (name) => labels.get(name) ?? 0) };
      }
    },
  };
}

/** What the float network takes the training images for, by their names, in the data set's order. */
async function labelsOf(
  dataset: Dataset,
  opened: OpenedFloatModel,
  float: FloatGraph,
  { reporter, signal }: Context,
): Promise<ReadonlyMap<string, number>> {
  const { input } = opened.facts;
  const images = dataset.count('train');
  const graph = { ...float, outputs: [classOutput(float, opened)] };
  const runner = new FloatRunner(graph, await floatCompiler(images));
  const progress = reporter.start('labelling by the float network', images, 'images');
  const labels = new Map<string, number>();
  try {
    const batches = dataset.batches({
      split: 'train',
      batchSize: LABELLING_BATCH,
      ...preparationOf(input),
      signal,
    });
    for await (const { images: pixels, shape, names } of batches) {
      const [logits] = runner.outputs(asInput(pixels, input), inputShape(shape, input));
      const outputs = logits.length / names.length;
      names.forEach((name, n) => {
        labels.set(name, largest(logits.subarray(n * outputs, (n + 1) * outputs)));
      });
      progress.update(labels.size);
    }
    return labels;
  } finally {
    progress.end();
    runner.dispose();
  }
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}
