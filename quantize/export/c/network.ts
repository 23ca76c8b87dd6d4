import { layOutArena } from '../../model/arena_layout.ts';
import { byName } from '../../model/by_name.ts';
import { lifetimes } from '../../model/lifetimes.ts';
import {
  outputNames,
  roundingOf,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
} from '../../model/tf8_model.ts';
import { kernelCall } from '../../ops/table.ts';
import { elements } from '../../params/shape.ts';
import {
  type CArithmetic,
  codeBytes,
  type KernelName,
  type RequantizeSource,
  requantizeSource,
} from './kernels.ts';
import { type CNode, cNode } from './steps.ts';

/** Processors read words from there alike. */
const ALIGNMENT = 4;

/** A network laid out for C. */
export interface CNetwork {
  readonly model: Tf8Model;
  /** In front of every name of the library. */
  readonly prefix: string;
  readonly arithmetic: RequantizeSource;
  readonly nodes: readonly (CNode & { readonly node: Tf8Node })[];
  readonly arenaBytes: number;
  /** Where each tensor lies in the arena, the input too; the network's outputs lie in the caller's memory. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly outputs: readonly { readonly name: string; readonly spec: TensorSpec }[];
}

/** What a network takes of a microcontroller. */
export interface ChipMemory {
  /** RAM: the arena, the input included. */
  readonly arenaBytes: number;
  /** RAM: what the caller gives for the outputs. */
  readonly outputBytes: number;
  /** Flash: weights, biases and tables. */
  readonly weightsBytes: number;
  /** Flash, estimated: see `codeBytes`. */
  readonly codeBytes: number;
}

/** @throws QuantizationError naming a pool with too large a window */
export function cNetwork(model: Tf8Model, prefix: string, chosen: CArithmetic): CNetwork {
  const arithmetic = requantizeSource(roundingOf(model), chosen);
  const specs = tensorSpecs(model);
  const names = outputNames(model);
  const made = model.nodes.map(({ name, inputs, output }) => ({
    name,
    inputs,
    shape: output.shape,
  }));
  const alive = lifetimes(model.input, made, new Set()).filter(({ name }) => !names.includes(name));
  const { bytes, offsets } = layOutArena(alive, ALIGNMENT);
  const data = new Uint8Array(0);
  const nodes = model.nodes.map((node) => {
    const inputs = node.inputs.map((name) => ({ ...byName(specs, name), data }));
    const call = kernelCall(node, { batch: 1, inputs, output: data, rounding: model.rounding });
    return { node, ...cNode(node.name, call, arithmetic) };
  });
  const outputs = names.map((name) => ({ name, spec: byName(specs, name) }));
  return { model, prefix, arithmetic, nodes, arenaBytes: bytes, offsets, outputs };
}

/** The kernels that a network calls. */
export function usedKernels({ nodes }: Pick<CNetwork, 'nodes'>): ReadonlySet<KernelName> {
  return new Set(nodes.flatMap(({ steps }) => steps.map(({ kernel }) => kernel)));
}

/** Bytes of a node's arrays in flash. */
export function arrayBytes({ arrays: { factors = [], ...arrays } }: CNode): number {
  // A factor's members have 4 bytes each.
  const ofFactors = 4 * factors.flatMap((factor) => Object.keys(factor)).length;
  return Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, ofFactors);
}

export function chipMemory(network: CNetwork): ChipMemory {
  const { nodes, arithmetic, arenaBytes, outputs } = network;
  const calls = nodes.reduce((sum, { steps }) => sum + steps.length, 0);
  return {
    arenaBytes,
    outputBytes: outputs.reduce((sum, { spec }) => sum + elements(spec.shape), 0),
    weightsBytes: nodes.reduce((sum, node) => sum + arrayBytes(node), 0),
    codeBytes: codeBytes(usedKernels(network), calls, arithmetic),
  };
}
