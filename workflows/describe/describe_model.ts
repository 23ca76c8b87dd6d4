import { shapeIn } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { fuseLayersModel } from '../../quantize/convert/fuse.ts';
import { type ChipMemory, chipMemory, cNetwork } from '../../quantize/export/c/network.ts';
import { type Tf8Model, type Tf8Node, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import type { ModelFacts } from '../open/model_facts.ts';
import { openModel } from '../open/open_model.ts';
import { call } from '../wording.ts';
import { type Budget, type BudgetFit, fitBudget } from './budget.ts';

export interface DescribedLayer {
  readonly name: string;
  readonly op: string;
  /** [H, W, C] */
  readonly outputShape: readonly number[];
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  /** Weights and biases, batch norms folded. */
  readonly weights: number;
}

/** What a file holds. */
export interface DescribedModel {
  readonly model: string;
  readonly format: ModelFacts['format'];
  /** Absent where it is no network of ours. */
  readonly network?: string;
  readonly variant?: string;
  readonly widthMultiplier?: number;
  /** [H, W, C] of its input. */
  readonly input: readonly number[];
  readonly classes: number;
  /** Outputs before the first class: 1 where there is a background class. */
  readonly labelOffset: number;
  /** Absent where it is not known. */
  readonly dataset?: string;
  /** Layers whose batch norms had been folded into their weights before. */
  readonly foldedBatchNorms: number;
  readonly macs: number;
  readonly layers: readonly DescribedLayer[];
  /** Of a TF8 file: what it takes of a microcontroller as a C library. */
  readonly memory?: ChipMemory;
  /** Of a TF8 file, where a budget was given: whether it fits. */
  readonly budget?: BudgetFit;
}

/**
 * Tells what a model is: its format, network, classes and layers.
 * @param budget what a chip has, for a TF8 file
 * @throws UserError where it cannot be opened; QuantizationError naming a layer that TF8 has not
 */
export async function describeModel(
  reference: string,
  context: Context,
  budget?: Budget,
): Promise<DescribedModel> {
  const opened = await openModel(reference, context);
  const { facts } = opened;
  if (opened.kind === 'tf8') {
    const { model } = opened;
    const network = cNetwork(model, 'net', 'float');
    const memory = chipMemory(network);
    return {
      ...described(reference, facts, model.input.shape, tf8Layers(model)),
      memory,
      ...(budget !== undefined && { budget: fitBudget(network, memory, budget) }),
    };
  }
  if (budget !== undefined) {
    opened.model.dispose();
    throw new UserError(
      `Expected a TF8 file to compare with the budget but ${reference} is a float model`,
      { remedy: `Quantize it first: ${call('quantize', { model: reference, out: 'FILE' })}.` },
    );
  }
  try {
    const graph = fuseLayersModel(opened.model, { zeroVariance: 'keep' });
    const layers = graph.nodes.map((node) =>
      layerOf(node, shapeIn(graph, node.name), shapeIn(graph, node.inputs[0])),
    );
    return described(reference, facts, graph.input.shape, layers);
  } finally {
    opened.model.dispose();
  }
}

function described(
  model: string,
  { format, architecture, labels, dataset, foldedBatchNorms }: ModelFacts,
  input: readonly number[],
  layers: readonly DescribedLayer[],
): DescribedModel {
  const outputs = layers.at(-1)!.outputShape.at(-1)!;
  return {
    model,
    ...(architecture && choicesOf(architecture)),
    format,
    input,
    labelOffset: labels.labelOffset,
    foldedBatchNorms: foldedBatchNorms.length,
    ...(dataset !== undefined && { dataset }),
    classes: outputs - labels.labelOffset,
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    layers,
  };
}

function choicesOf(architecture: NetworkConfig) {
  const { network, widthMultiplier = 1 } = architecture;
  const variant = architecture.network === 'mobilenet_v1' ? architecture.variant.name : undefined;
  return { network, widthMultiplier, ...(variant !== undefined && { variant }) };
}

function tf8Layers(model: Tf8Model): DescribedLayer[] {
  const specs = tensorSpecs(model);
  return model.nodes.map((node) =>
    layerOf(node, node.output.shape, specs.get(node.inputs[0])!.shape),
  );
}

function layerOf(
  node: FloatNode | Tf8Node,
  outputShape: readonly number[],
  inputShape: readonly number[],
): DescribedLayer {
  const { name, op } = node;
  const [height, width, channels] = outputShape as [number, number, number];
  if (!('bias' in node)) return { name, op, outputShape, macs: 0, weights: 0 };
  const [rows, columns, depth] = 'kernelShape' in node ? node.kernelShape : node.weights.shape;
  const taps = rows * columns * (op === 'depthwiseConv2d' ? 1 : depth);
  const macs =
    op === 'fullyConnected' ? product(inputShape) * channels : height * width * channels * taps;
  return { name, op, outputShape, macs, weights: channels * taps + channels };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
