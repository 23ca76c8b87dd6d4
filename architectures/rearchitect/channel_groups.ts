import { type FloatGraph, shapeIn } from '../graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../graph/float_node.ts';
import type { Activation } from '../graph/operations/activation_function.ts';
import { isSameShape } from '../graph/shape.ts';

/**
 * Tensors whose channels can only be scaled together: s > 0 on one is s on all of them. Those of a residual
 * stream are one group.
 */
export interface ChannelGroup {
  /** The layers that make its tensors. */
  readonly producers: readonly string[];
  /** The layers that read them. */
  readonly consumers: readonly string[];
  /** Whether nothing else makes, changes or reads them: f(x / s) = f(x) / s for all that does. */
  readonly isFree: boolean;
}

/**
 * The groups that layers make and layers read, in execution order of the first layer that makes them.
 * @param graph folded (`foldedGraph`)
 */
export function channelGroups(graph: FloatGraph): ChannelGroup[] {
  const groups = new Groups();
  groups.fix(graph.input.name);
  for (const output of graph.outputs) groups.fix(output);
  for (const node of graph.nodes) tie(groups, graph, node);
  return groups.all();
}

/** How a node ties the scales of its tensors together. */
function tie(groups: Groups, graph: FloatGraph, node: FloatNode): void {
  const { name, inputs } = node;
  const fixAll = () => {
    for (const tensor of [name, ...inputs]) groups.fix(tensor);
  };
  if (isWeightedFloat(node)) {
    groups.consume(inputs[0], name);
    groups.produce(name, name);
    if (!letsFactorsPass(node.activation)) groups.fix(name);
    return;
  }
  switch (node.op) {
    case 'activation':
      if (letsFactorsPass(node.activation)) groups.unite([name, ...inputs]);
      else fixAll();
      return;
    case 'add':
    case 'subtract':
    case 'maximum':
    case 'minimum': {
      const shape = shapeIn(graph, name);
      const isOfOneSize = inputs.every((tensor) => isSameShape(shapeIn(graph, tensor), shape));
      const passes = !('activation' in node) || letsFactorsPass(node.activation);
      if (isOfOneSize && passes) groups.unite([name, ...inputs]);
      else fixAll();
      return;
    }
    case 'prelu':
    case 'pad':
    case 'averagePool2d':
    case 'maxPool2d':
    case 'globalAveragePool':
    case 'dropout':
    case 'resize':
      groups.unite([name, ...inputs]);
      return;
    case 'mean':
    case 'sum': {
      const [input] = inputs;
      const last = shapeIn(graph, input).length - 1;
      if (node.axes.includes(last)) fixAll();
      else groups.unite([name, input]);
      return;
    }
    case 'reshape': {
      // The channels stay innermost in a vector of all values.
      const { target } = node;
      const channels = shapeIn(graph, inputs[0]).at(-1);
      if (target.length === 1 || target.at(-1) === channels) groups.unite([name, ...inputs]);
      else fixAll();
      return;
    }
    case 'batchNorm':
    case 'concat':
    case 'depthToSpace':
    case 'multiply':
    case 'requantize':
    case 'slice':
    case 'softmax':
    case 'spaceToDepth':
    case 'transpose':
      fixAll();
  }
}

/** Whether f(x / s) = f(x) / s for every s > 0. */
function letsFactorsPass(activation: Activation): boolean {
  if (activation === 'linear' || activation === 'relu') return true;
  if (typeof activation === 'string' || activation.kind === 'composed') return false;
  return activation.max === Infinity && activation.threshold === 0;
}

/** Sets of tensors that grow together. */
class Groups {
  private readonly parents = new Map<string, string>();
  private readonly fixed = new Set<string>();
  private readonly producers: [tensor: string, layer: string][] = [];
  private readonly consumers: [tensor: string, layer: string][] = [];

  unite(tensors: readonly string[]): void {
    const [first, ...others] = tensors.map((tensor) => this.rootOf(tensor));
    for (const other of others) {
      if (other === first) continue;
      this.parents.set(other, first);
      if (this.fixed.has(other)) this.fixed.add(first);
    }
  }

  fix(tensor: string): void {
    this.fixed.add(this.rootOf(tensor));
  }

  produce(tensor: string, layer: string): void {
    this.producers.push([tensor, layer]);
  }

  consume(tensor: string, layer: string): void {
    this.consumers.push([tensor, layer]);
  }

  all(): ChannelGroup[] {
    const roots = [...new Set(this.producers.map(([tensor]) => this.rootOf(tensor)))];
    const of = (root: string, layers: readonly [string, string][]) =>
      layers.filter(([tensor]) => this.rootOf(tensor) === root).map(([, layer]) => layer);
    return roots
      .map((root) => ({
        producers: of(root, this.producers),
        consumers: of(root, this.consumers),
        isFree: !this.fixed.has(root),
      }))
      .filter(({ consumers }) => consumers.length > 0);
  }

  private rootOf(tensor: string): string {
    let root = tensor;
    for (
      let parent = this.parents.get(root);
      parent !== undefined;
      parent = this.parents.get(root)
    ) {
      root = parent;
    }
    return root;
  }
}
