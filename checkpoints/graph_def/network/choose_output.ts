import type { Reading } from '../../read_model.ts';
import { damagedGraph } from '../graph_def.ts';
import type { GraphSource, NodeInput } from './graph_source.ts';

/** slim's scope of the class probabilities, which graphs that were trained further still hold. */
const PREDICTIONS = /(^|\/)predictions(\/|$)/i;

/**
 * The outputs of a graph that does not name them: the nodes that depend on the input and that no other
 * reads; `mainOutputs` of them.
 * @throws UserError where there is none
 */
export function chooseOutputs(
  { nodes, fileName }: GraphSource,
  reading: Reading = {},
): NodeInput[] {
  const readers = new Map<string, string[]>();
  for (const { name, inputs } of nodes.values()) {
    for (const input of inputs) {
      const known = readers.get(input.node);
      if (known === undefined) readers.set(input.node, [name]);
      else known.push(name);
    }
  }
  const reached = new Set<string>();
  const waiting = [...nodes.values()]
    .filter(({ op }) => op === 'Placeholder')
    .map(({ name }) => name);
  const ends = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const next = readers.get(name) ?? [];
    if (next.length === 0) ends.add(name);
    waiting.push(...next);
  }
  if (reached.size === 0) {
    throw damagedGraph(
      fileName,
      `expected a Placeholder for the images but its ${nodes.size} nodes have none`,
    );
  }
  if (ends.size === 0) {
    throw damagedGraph(
      fileName,
      'expected an output but every node is read by another: it has a cycle',
    );
  }
  // In the file's order.
  const found = [...nodes.keys()].filter((name) => ends.has(name));
  return mainOutputs(
    found.map((node) => ({ node, output: undefined, index: 0 })),
    reading,
  );
}

/**
 * Of several outputs, the one in a scope "Predictions", which a classifier is for; all of them where its
 * reader chooses where the network ends.
 */
export function mainOutputs(
  outputs: readonly NodeInput[],
  { mayEndEarly = false }: Reading = {},
): NodeInput[] {
  const named = outputs.filter(({ node }) => PREDICTIONS.test(node));
  return [...(named.length === 1 && !mayEndEarly ? named : outputs)];
}
