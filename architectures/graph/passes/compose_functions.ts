import { type FloatGraph, shapeIn } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import { batchNormAffine } from '../fold_batch_norm.ts';
import type { Activation, Expression } from '../operations/activation_function.ts';
import type { FloatBatchNormNode } from '../operations/batch_norm.ts';
import { isSameShape } from '../shape.ts';
import { mapNodes, usersOf, withoutUnread } from './rewrite.ts';

/** What a tensor is: a function of each value of another one, out of some nodes. */
interface Composition {
  readonly root: string;
  readonly expression: Expression;
  /** Names of the nodes. */
  readonly nodes: ReadonlySet<string>;
}

/**
 * Makes one activation of several nodes that together compute a function of each value of one tensor: the
 * hard swish x · relu6(x + 3) / 6, which files spell out. Batch norms take part that treat all channels alike.
 * @param options.alone whether a batch norm alone becomes one, too: one that nothing takes up
 */
export function composeFunctions(
  graph: FloatGraph,
  { alone = false }: { readonly alone?: boolean } = {},
): FloatGraph {
  const found = new Map<string, Composition>();
  for (const node of graph.nodes) {
    const composition = compositionOf(graph, node, found);
    if (composition !== undefined) found.set(node.name, composition);
  }
  const isBatchNorm = new Set(graph.nodes.filter(({ op }) => op === 'batchNorm').map(nameOf));
  const last = [...found].filter(
    ([name, { nodes }]) =>
      (nodes.size > 1 || (alone && isBatchNorm.has(name))) && isLast(graph, name, found),
  );
  const composed = new Map(last);
  const changed = mapNodes(graph, (node) => {
    const composition = composed.get(node.name);
    if (composition === undefined) return node;
    const { root, expression } = composition;
    const activation: Activation = { kind: 'composed', expression };
    const { className } = node;
    const own = { op: 'activation' as const, name: node.name, inputs: [root], activation };
    return { ...own, ...(className !== undefined && { className }) };
  });
  return withoutUnread(changed, new Set(last.flatMap(([, { nodes }]) => [...nodes])));
}

const nameOf = ({ name }: FloatNode) => name;

/** Whether no composition goes on from here: those that read it are of another root, or none. */
function isLast(graph: FloatGraph, name: string, found: ReadonlyMap<string, Composition>): boolean {
  return !usersOf(graph, name).some((user) => found.get(user.name)?.nodes.has(name));
}

function compositionOf(
  graph: FloatGraph,
  node: FloatNode,
  found: ReadonlyMap<string, Composition>,
): Composition | undefined {
  const sources = node.inputs.map(
    (input): Composition => found.get(input) ?? { root: input, expression: X, nodes: new Set() },
  );
  const [a, b] = sources;
  const names = new Set([node.name, ...sources.flatMap(({ nodes }) => [...nodes])]);
  switch (node.op) {
    case 'activation': {
      const { activation } = node;
      if (typeof activation !== 'string' && activation.kind === 'composed') return undefined;
      const expression = { kind: 'function', of: a.expression, activation } as const;
      return { root: a.root, expression, nodes: names };
    }
    case 'batchNorm': {
      const affine = uniform(node);
      if (affine === undefined) return undefined;
      return {
        root: a.root,
        expression: { kind: 'affine', of: a.expression, ...affine },
        nodes: names,
      };
    }
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'maximum':
    case 'minimum': {
      const activation = 'activation' in node ? node.activation : 'linear';
      if (typeof activation !== 'string' || sources.length !== 2) return undefined;
      const pair = rootedAlike(a, b, node.inputs);
      if (pair === undefined) return undefined;
      const [first, second] = pair;
      if (!isSameShape(shapeIn(graph, first.root), shapeIn(graph, node.name))) return undefined;
      const result = { kind: node.op, of: [first.expression, second.expression] } as const;
      return {
        root: first.root,
        expression: activation === 'linear' ? result : { kind: 'function', of: result, activation },
        nodes: new Set([node.name, ...first.nodes, ...second.nodes]),
      };
    }
    default:
      return undefined;
  }
}

const X: Expression = { kind: 'x' };

/** Both as functions of one tensor, which may be one of the inputs itself; undefined of two tensors. */
function rootedAlike(
  a: Composition,
  b: Composition,
  [first, second]: readonly string[],
): readonly [Composition, Composition] | undefined {
  const itself = (name: string): Composition => ({ root: name, expression: X, nodes: new Set() });
  if (a.root === b.root) return [a, b];
  if (b.root === first) return [itself(first), b];
  if (a.root === second) return [a, itself(second)];
  return undefined;
}

/** What a batch norm does to each value, where it does the same to every channel. */
function uniform(node: FloatBatchNormNode) {
  if (node.axis !== -1) return undefined;
  const { scale: scales, shift: shifts } = batchNormAffine(node);
  const [scale, shift] = [scales[0], shifts[0]];
  const isAlike = scales.every((each) => each === scale) && shifts.every((each) => each === shift);
  return isAlike ? { scale, shift } : undefined;
}
