/**
 * Loops that do the same with each image of a batch, as `tf.map_fn` writes them before networks that scale
 * their images one by one: a list of the images, a loop that takes an item and sets one of another list, and
 * that list as a batch. Here an item is an image without its batch (`MAP_ITEM`), and what is made of it gets
 * the batch back (`MAP_STACK`): a loop that is left has no readers.
 */
import type { GraphNode, GraphSource, NodeInput } from './graph_source.ts';

/** The images without the batch, one of them. */
export const MAP_ITEM = 'MapItem';
/** The batch of what was made of each. */
export const MAP_STACK = 'MapStack';

/** What files call these. */
export function nameOfLoop(op: string): string {
  return { [MAP_ITEM]: 'TensorListGetItem', [MAP_STACK]: 'TensorListStack' }[op] ?? op;
}

/** The lists of TensorFlow 2 and the arrays of TensorFlow 1: which input is the list, its index, its values. */
const READS: Readonly<Record<string, { readonly list: number; readonly index: number }>> = {
  TensorListGetItem: { list: 0, index: 1 },
  TensorArrayReadV3: { list: 2, index: 1 },
};
const WRITES: Readonly<Record<string, { readonly index: number; readonly item: number }>> = {
  TensorListSetItem: { index: 1, item: 2 },
  TensorArrayWriteV3: { index: 1, item: 2 },
};
/** From a tensor to a list of its parts along the batch. */
const UNSTACKS: Readonly<Record<string, number>> = {
  TensorListFromTensor: 0,
  TensorArrayScatterV3: 2,
};
/** Back: which input is the list. */
const STACKS: Readonly<Record<string, number>> = { TensorListStack: 0, TensorArrayGatherV3: 2 };

/** More than lies between a list and the loop that fills it. */
const MAX_STEPS = 64;

/** The graph with such loops as what they do with an image. */
export function withoutMapLoops(source: GraphSource): GraphSource {
  const { nodes } = source;
  if (![...nodes.values()].some(({ op }) => Object.hasOwn(STACKS, op))) return source;
  const changed = new Map<string, GraphNode>();
  for (const node of nodes.values()) {
    const inputs = itemOf(node, nodes) ?? partOf(node, nodes);
    if (inputs === undefined) continue;
    const op = Object.hasOwn(STACKS, node.op) ? MAP_STACK : MAP_ITEM;
    changed.set(node.name, { ...node, op, inputs: [inputs] });
  }
  if (changed.size === 0) return source;
  const all = [...nodes].map(([name, node]) => [name, changed.get(name) ?? node] as const);
  return { ...source, nodes: new Map(all) };
}

type Nodes = ReadonlyMap<string, GraphNode>;

/** What a round of the loop sets, of the list that `node` stacks. */
function itemOf(node: GraphNode, nodes: Nodes): NodeInput | undefined {
  if (!Object.hasOwn(STACKS, node.op)) return undefined;
  const exit = follow(node.inputs[STACKS[node.op]], nodes, ['Exit']);
  const merge = exit && follow(exit.inputs[0], nodes, ['Merge'], ['Switch']);
  const rounds = merge?.inputs.flatMap((input) => nodes.get(input.node) ?? []) ?? [];
  const next = rounds.find(({ op }) => op === 'NextIteration');
  const write = next && follow(next.inputs[0], nodes, Object.keys(WRITES));
  if (write === undefined) return undefined;
  const { index, item } = WRITES[write.op];
  const hasReader = [...nodes.values()].some(
    (each) =>
      Object.hasOwn(READS, each.op) &&
      isSame(each.inputs[READS[each.op].index], write.inputs[index], nodes) &&
      partOf(each, nodes) !== undefined,
  );
  return hasReader ? write.inputs[item] : undefined;
}

/** The tensor whose parts the list has that `node` reads an item of. */
function partOf(node: GraphNode, nodes: Nodes): NodeInput | undefined {
  if (!Object.hasOwn(READS, node.op)) return undefined;
  const { list } = READS[node.op];
  const between = ['Switch', 'Enter'];
  const unstack = follow(node.inputs[list], nodes, Object.keys(UNSTACKS), between);
  return unstack?.inputs[UNSTACKS[unstack.op]];
}

/** The first node of one of the operations, behind those that hand on; a merge hands on what entered it. */
function follow(
  from: NodeInput | undefined,
  nodes: Nodes,
  ops: readonly string[],
  between: readonly string[] = [],
): GraphNode | undefined {
  let input = from;
  for (let step = 0; step < MAX_STEPS && input !== undefined; step++) {
    const node = nodes.get(input.node);
    if (node === undefined || ops.includes(node.op)) return node;
    const passes = node.op === 'Identity' || node.op === 'Merge' || between.includes(node.op);
    if (!passes) return undefined;
    const entered = node.inputs.find((each) => nodes.get(each.node)?.op === 'Enter');
    input = node.op === 'Merge' ? entered : node.inputs[0];
  }
  return undefined;
}

/** Whether two inputs are one value, whatever hands it on. */
function isSame(a: NodeInput | undefined, b: NodeInput | undefined, nodes: Nodes): boolean {
  const source = (input: NodeInput | undefined) => {
    let found = input;
    for (let step = 0; step < MAX_STEPS && found !== undefined; step++) {
      const node = nodes.get(found.node);
      if (node?.op !== 'Identity') break;
      found = node.inputs[0];
    }
    return found && `${found.node}:${found.index}`;
  };
  return a !== undefined && source(a) === source(b);
}
