/**
 * A TF8 model: a plain graph of uint8 tensors with their quantization parameters, in execution
 * order. It knows nothing of TensorFlow, files or kernels; `tf8_file.ts` stores it, `execute/` runs it.
 */

import type { Recipe } from '../convert/recipe.ts';
import type { ConcatNode } from '../ops/concat.ts';
import type { Nodes, Tf8Node } from '../ops/table.ts';
import type { ImageShape, TensorSpec } from '../ops/tensor.ts';
import type { WeightedFields } from '../ops/weights.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../params/roundings.ts';
import { byName } from './by_name.ts';

export type { ConcatNode, ImageShape, TensorSpec, Tf8Node };

/** The nodes with weights. */
export type WeightedNode = Extract<Tf8Node, WeightedFields>;

export type PoolNode = Nodes['averagePool2d' | 'maxPool2d'];

export function isWeighted(node: Tf8Node): node is WeightedNode {
  return 'weights' in node;
}

/** How the model came to be; part of the file, so that a result can be traced. */
export interface Tf8Provenance {
  /** What the float model was and where it came from. */
  readonly floatModel: string;
  /** SHA-256 of the float model's weights. */
  readonly floatWeightsSha256: string;
  /** Name of the data set that the classes belong to, whose preprocessing the network needs; absent where unknown. */
  readonly dataset?: string;
  readonly calibrationImages: number;
  readonly calibrationData: string;
  readonly zeroVariance: 'keep' | 'mean';
  /** Absent where `zeroVariance` alone tells it, and in files made before it was recorded; see `recipeOf`. */
  readonly recipe?: Recipe;
}

/** How an image becomes the network's input, before it is quantized. */
export interface Preprocessing {
  /** Part of each side that is kept, from the middle. */
  readonly centralFraction: number;
  /** What the darkest and the brightest pixels become: of all channels, and of each where they differ. */
  readonly range: {
    readonly min: number;
    readonly max: number;
    readonly channels?: readonly { readonly min: number; readonly max: number }[];
    /** Blue first; red first unless given. */
    readonly order?: 'bgr';
  };
  /** How images are brought to the input's size; bilinear unless given. */
  readonly resample?: 'bicubic';
  /** The input's fourth channel is alpha, after red, green and blue in the same range: opaque where an image has none. */
  readonly alpha?: true;
}

export interface Tf8Model {
  readonly name: string;
  readonly input: TensorSpec & { readonly name: string };
  /** In execution order. */
  readonly nodes: readonly Tf8Node[];
  /** Names of the nodes whose tensors the network is for; the last node's alone unless given. */
  readonly outputs?: readonly string[];
  /** Index of the first class among the outputs: 1 where output 0 is the background class. */
  readonly labelOffset: number;
  readonly classNames: readonly string[];
  /** The rule of requantization, eq. 16; eq. 5 unless given. */
  readonly rounding?: RoundingName;
  /** Absent where it is unknown, as in files made before it was recorded. */
  readonly preprocessing?: Preprocessing;
  readonly provenance: Tf8Provenance;
}

/** The specification of every tensor by name, the input's included. */
export function tensorSpecs(model: Tf8Model): ReadonlyMap<string, TensorSpec> {
  const specs = new Map<string, TensorSpec>([[model.input.name, model.input]]);
  for (const node of model.nodes) specs.set(node.name, node.output);
  return specs;
}

/** The names of the tensors that the network is for. */
export function outputNames({ nodes, outputs }: Tf8Model): readonly string[] {
  return outputs ?? [nodes[nodes.length - 1].name];
}

/** The nodes that make them, in the same order. */
export function outputNodes(model: Tf8Model): readonly Tf8Node[] {
  const nodes = new Map(model.nodes.map((node) => [node.name, node]));
  return outputNames(model).map((name) => byName(nodes, name));
}

/** Whether a tensor is a vector, [1, 1, C]: what a number for each class is. */
export function isVector({ shape }: Pick<TensorSpec, 'shape'>): boolean {
  return shape[0] === 1 && shape[1] === 1;
}

/**
 * The node of the output that the class names are about: of the vectors [1, 1, C] the first that has a
 * number for each, or else the first of all; the first output where none is a vector.
 */
export function outputNode(model: Tf8Model): Tf8Node {
  const nodes = outputNodes(model);
  const vectors = nodes.filter(({ output }) => isVector(output));
  const classes = model.labelOffset + model.classNames.length;
  return vectors.find(({ output }) => output.shape[2] === classes) ?? vectors[0] ?? nodes[0];
}

/** The names of every tensor, the input's first, then in execution order. */
export function tensorNames(model: Tf8Model): readonly string[] {
  return [...tensorSpecs(model).keys()];
}

/** The rule by which the model's accumulators become bytes. */
export function roundingOf({
  rounding = DEFAULT_ROUNDING,
}: Pick<Tf8Model, 'rounding'>): RoundingName {
  return rounding;
}

/** The same network by another rule of requantization. */
export function withRounding(model: Tf8Model, rounding: RoundingName): Tf8Model {
  const { rounding: _, ...rest } = model;
  return rounding === DEFAULT_ROUNDING ? rest : { ...rest, rounding };
}
