import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { networkMacs } from '../../architectures/graph/float_macs.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { NetworkConfig, NetworkName } from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import type { LeftOut } from '../../quantize/convert/left_out.ts';
import { type ChipMemory, chipMemory, cNetwork } from '../../quantize/export/c/network.ts';
import {
  outputNames,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
} from '../../quantize/model/tf8_model.ts';
import type { ModelFacts } from '../open/model_facts.ts';
import { type OpenModelOptions, openModel } from '../open/open_model.ts';
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

export interface DescribedOutput {
  readonly name: string;
  /** [H, W, C]; of a vector [1, 1, C] */
  readonly shape: readonly number[];
}

/** What a file holds. */
export interface DescribedModel {
  readonly model: string;
  readonly format: ModelFacts['format'];
  /** Absent where it is no network of ours. */
  readonly network?: NetworkName;
  readonly variant?: string;
  /** Of a network that was published with it. */
  readonly squeezeExcite?: boolean;
  readonly widthMultiplier?: number;
  /** [H, W, C] of its input. */
  readonly input: readonly number[];
  /** What it is for, in its order. */
  readonly outputs: readonly DescribedOutput[];
  /** Of the output that has a number for each; 0 where none is a vector. */
  readonly classes: number;
  /** Outputs before the first class: 1 where there is a background class. */
  readonly labelOffset: number;
  /** Absent where it is not known. */
  readonly dataset?: string;
  /** Layers whose batch norms had been folded into their weights before. */
  readonly foldedBatchNorms: number;
  /** Multiply-accumulates of the whole network for one image. */
  readonly macs: number;
  /** Those of the part that TF8 runs in integers. */
  readonly integerMacs: number;
  readonly layers: readonly DescribedLayer[];
  /** Operations behind the outputs; absent where there are none. */
  readonly leftOut?: readonly LeftOut[];
  /** Of a TF8 file: what it takes of a microcontroller as a C library. */
  readonly memory?: ChipMemory;
  /** Of a TF8 file, where a budget was given: whether it fits. */
  readonly budget?: BudgetFit;
}

export interface DescribeOptions extends Pick<OpenModelOptions, 'outputs'> {
  /** What a chip has, for a TF8 file. */
  readonly budget?: Budget | undefined;
}

/**
 * Tells what a model is: its format, network, outputs, classes and layers.
 * @throws UserError where it cannot be opened; QuantizationError naming a layer that TF8 has not
 */
export async function describeModel(
  reference: string,
  context: Context,
  options: DescribeOptions = {},
): Promise<DescribedModel> {
  const { budget } = options;
  const opened = await openModel(reference, context, options);
  const { facts } = opened;
  if (opened.kind === 'tf8') {
    const { model } = opened;
    const network = cNetwork(model, 'net', 'float');
    const memory = chipMemory(network);
    return {
      ...described(reference, facts, {
        input: model.input.shape,
        layers: tf8Layers(model),
        outputs: outputNames(model),
      }),
      memory,
      ...(budget !== undefined && { budget: fitBudget(network, memory, budget) }),
    };
  }
  if (budget !== undefined) {
    opened.dispose();
    throw new UserError(
      `Expected a TF8 file to compare with the budget but ${reference} is a float model`,
      { remedy: `Quantize it first: ${call('quantize', { model: reference, out: 'FILE' })}.` },
    );
  }
  try {
    const graph = fuseGraph(opened.graph, { zeroVariance: 'keep' });
    const layers = graph.nodes.map((node) =>
      layerOf(node, shapeIn(graph, node.name), shapeIn(graph, node.inputs[0])),
    );
    const { leftOut } = opened.part;
    return described(reference, facts, {
      input: graph.input.shape,
      layers,
      outputs: graph.outputs,
      ...(leftOut.length > 0 && { macs: networkMacs(opened.network.graph), leftOut }),
    });
  } finally {
    opened.dispose();
  }
}

interface DescribedPart {
  readonly input: readonly number[];
  readonly layers: readonly DescribedLayer[];
  readonly outputs: readonly string[];
  /** Of the whole network, where something is left out. */
  readonly macs?: number;
  readonly leftOut?: readonly LeftOut[];
}

function described(
  model: string,
  { format, architecture, labels, dataset, foldedBatchNorms }: ModelFacts,
  { input, layers, outputs: names, macs, leftOut }: DescribedPart,
): DescribedModel {
  const shapes = new Map(layers.map(({ name, outputShape }) => [name, outputShape]));
  const outputs = names.map((name) => ({ name, shape: shapes.get(name)! }));
  const numbers = classesOutput(outputs, labels)?.shape.at(-1);
  const integerMacs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  return {
    model,
    ...(architecture && choicesOf(architecture)),
    format,
    input,
    labelOffset: labels.labelOffset,
    foldedBatchNorms: foldedBatchNorms.length,
    ...(dataset !== undefined && { dataset }),
    outputs,
    classes: numbers === undefined ? 0 : numbers - labels.labelOffset,
    macs: macs ?? integerMacs,
    integerMacs,
    layers,
    ...(leftOut && { leftOut }),
  };
}

/** Of the vectors the first that fits the classes, or else the first. */
function classesOutput(
  outputs: readonly DescribedOutput[],
  { classNames, labelOffset }: ModelFacts['labels'],
): DescribedOutput | undefined {
  const vectors = outputs.filter(({ shape: [height, width] }) => height === 1 && width === 1);
  const classes = classNames.length + labelOffset;
  return vectors.find(({ shape }) => shape.at(-1) === classes) ?? vectors[0];
}

function choicesOf(architecture: NetworkConfig) {
  const { network, widthMultiplier = 1 } = architecture;
  if (!('variant' in architecture)) return { network, widthMultiplier };
  const { variant, squeezeExcite = true } = architecture;
  const hasIt = networkNamed(network).squeezeExcite;
  return { network, widthMultiplier, variant: variant.name, ...(hasIt && { squeezeExcite }) };
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
    op === 'fullyConnected' || op === 'transposedConv2d'
      ? product(inputShape) * channels * (op === 'fullyConnected' ? 1 : rows * columns)
      : height * width * channels * taps;
  return { name, op, outputShape, macs, weights: channels * taps + channels };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
