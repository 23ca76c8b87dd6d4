import type * as tf from '@tensorflow/tfjs';
import { type FloatGraph, shapeIn } from '../graph/float_graph.ts';
import type { FloatNode, FloatWeightedNode } from '../graph/float_node.ts';
import { elements } from '../graph/shape.ts';
import { runNode, weightTensors } from './run_nodes.ts';

/** A layer that is fitted, 1 × 1. */
export interface Fit {
  readonly layer: string;
  /** The depthwise convolution before it, which becomes linear. */
  readonly depthwise: string;
  /** What its output is added to, where it is and nothing else reads it. */
  readonly residual: string | undefined;
  /** States are kept before this node, which it comes from. */
  readonly from: string;
}

/** A network and what it becomes: the same nodes with other weights and activations. */
interface Networks {
  readonly original: FloatGraph;
  readonly rebuilt: readonly FloatNode[];
  /** The tensors that are not the same in both. */
  readonly differing: ReadonlySet<string>;
}

/** What both networks compute between a state that is kept and a layer that is fitted. */
export interface Stretch {
  /** In execution order, without the fitted layer. */
  readonly nodes: readonly (readonly [original: FloatNode, rebuilt: FloatNode])[];
  readonly layer: { readonly original: FloatWeightedNode; readonly rebuilt: FloatWeightedNode };
  readonly residual: string | undefined;
  readonly differing: ReadonlySet<string>;
}

const ORIGINAL = 'original';
const REBUILT = 'rebuilt';
const BOTH = 'both';

/** Cuts two networks into stretches, each from the state before some node to a layer that is fitted. */
export class Stretches {
  private readonly networks: Networks;
  private readonly fits: readonly Fit[];
  private readonly places: ReadonlyMap<string, number>;
  private readonly needed: ReadonlySet<string>;

  /** @param fits in execution order */
  constructor(networks: Networks, fits: readonly Fit[]) {
    this.networks = networks;
    this.fits = fits;
    this.places = new Map(networks.original.nodes.map(({ name }, index) => [name, index]));
    this.needed = this.ancestors(fits.flatMap((fit) => this.readBy(fit)));
  }

  placeOf(node: string): number {
    return this.places.get(node)!;
  }

  /**
   * @param boundary the first node that the state is before
   * @param kept tensors that it is to make beside what the fit reads
   */
  to(fit: Fit, boundary: number, kept: readonly string[] = []): Stretch {
    const { original, rebuilt, differing } = this.networks;
    const place = this.placeOf(fit.layer);
    const wanted = this.ancestors([...this.readBy(fit), ...kept], boundary);
    const nodes = original.nodes.flatMap((node, index) =>
      index >= boundary && wanted.has(node.name) ? [[node, rebuilt[index]] as const] : [],
    );
    return {
      nodes,
      layer: {
        original: original.nodes[place] as FloatWeightedNode,
        rebuilt: rebuilt[place] as FloatWeightedNode,
      },
      residual: fit.residual,
      differing,
    };
  }

  /** The tensors that a state before the node `boundary` has: those that are read from there on. */
  state(boundary: number): string[] {
    const { original } = this.networks;
    const read = original.nodes
      .filter(({ name }, index) => index >= boundary && this.needed.has(name))
      .flatMap(({ inputs }) => inputs);
    const operands = this.fits
      .filter(({ layer }) => this.placeOf(layer) >= boundary)
      .flatMap((fit) => this.readBy(fit));
    const isThere = (tensor: string) => (this.places.get(tensor) ?? -1) < boundary;
    return [...new Set([...read, ...operands])].filter(isThere);
  }

  /** The names under which a state has these tensors. */
  stateNames(tensors: readonly string[]): string[] {
    const { differing } = this.networks;
    return statePlaces(tensors, differing).map(({ network, tensor }) => stateName(network, tensor));
  }

  /** Numbers of a state, of both networks. */
  valuesOf(state: readonly string[]): number {
    const { original, differing } = this.networks;
    return state.reduce(
      (sum, name) => sum + (differing.has(name) ? 2 : 1) * elements(shapeIn(original, name)),
      0,
    );
  }

  private readBy({ layer, residual }: Fit): string[] {
    const { inputs } = this.networks.original.nodes[this.placeOf(layer)];
    return residual === undefined ? [...inputs] : [...inputs, residual];
  }

  /** The nodes from `first` on that the tensors come from. */
  private ancestors(tensors: readonly string[], first = 0): Set<string> {
    const found = new Set<string>();
    const { nodes } = this.networks.original;
    const open = [...tensors];
    while (open.length > 0) {
      const name = open.pop()!;
      const place = this.places.get(name);
      if (place === undefined || place < first || found.has(name)) continue;
      found.add(name);
      open.push(...nodes[place].inputs);
    }
    return found;
  }
}

/** The weights of a stretch, of the layer that is fitted too; the caller's to dispose. */
export function stretchWeights({ nodes, layer, differing }: Stretch): tf.NamedTensorMap {
  const changed = nodes.filter(([{ name }]) => differing.has(name)).map(([, rebuilt]) => rebuilt);
  return {
    ...weightTensors(ORIGINAL, [...nodes.map(([original]) => original), layer.original]),
    ...weightTensors(REBUILT, [...changed, layer.rebuilt]),
  };
}

/** What a stretch has made, by the tensors' names, of either network. */
export interface Made {
  readonly original: (tensor: string) => tf.Tensor;
  readonly rebuilt: (tensor: string) => tf.Tensor;
}

/** Runs both networks from a state (`stateOf`). Made to be compiled: the weights are inputs too. */
export function runStretch(inputs: tf.NamedTensorMap, { nodes, differing }: Stretch): Made {
  const original = new Map<string, tf.Tensor>();
  const rebuilt = new Map<string, tf.Tensor>();
  const made: Made = {
    original: (tensor) =>
      original.get(tensor) ?? inputs[stateName(differing.has(tensor) ? ORIGINAL : BOTH, tensor)],
    rebuilt: (tensor) =>
      differing.has(tensor)
        ? (rebuilt.get(tensor) ?? inputs[stateName(REBUILT, tensor)])
        : made.original(tensor),
  };
  for (const [before, now] of nodes) {
    const { name } = before;
    original.set(name, runNode(before, before.inputs.map(made.original), ORIGINAL, inputs));
    if (!differing.has(name)) continue;
    rebuilt.set(name, runNode(now, now.inputs.map(made.rebuilt), REBUILT, inputs));
  }
  return made;
}

/** The output of the fitted layer, of the original network on what that makes, without residuals. */
export function originalOutput(
  node: FloatWeightedNode,
  { original }: Made,
  inputs: tf.NamedTensorMap,
): tf.Tensor {
  return runNode(node, node.inputs.map(original), ORIGINAL, inputs);
}

export function rebuiltOutput(
  node: FloatWeightedNode,
  { rebuilt }: Made,
  inputs: tf.NamedTensorMap,
): tf.Tensor {
  return runNode(node, node.inputs.map(rebuilt), REBUILT, inputs);
}

/** Tensors of both networks as a state has them: once where they are the same. */
export function stateOf(
  tensors: readonly string[],
  made: Made,
  differing: ReadonlySet<string>,
): tf.NamedTensorMap {
  return Object.fromEntries(
    statePlaces(tensors, differing).map(({ network, tensor }) => [
      stateName(network, tensor),
      network === REBUILT ? made.rebuilt(tensor) : made.original(tensor),
    ]),
  );
}

/** The state before any node. */
export function inputState(input: string, images: tf.Tensor): tf.NamedTensorMap {
  return { [stateName(BOTH, input)]: images };
}

/** Whose tensors a state has, in their order: those of both networks where they differ. */
function statePlaces(tensors: readonly string[], differing: ReadonlySet<string>) {
  return tensors.flatMap((tensor) =>
    (differing.has(tensor) ? [ORIGINAL, REBUILT] : [BOTH]).map((network) => ({ network, tensor })),
  );
}

function stateName(network: string, tensor: string): string {
  return `state/${network}/${tensor}`;
}
