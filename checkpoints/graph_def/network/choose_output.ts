import { UserError } from '../../../foundation/errors.ts';
import { damagedGraph } from '../graph_def.ts';
import type { GraphSource, NodeInput } from './graph_source.ts';

/** slim's scope of the class probabilities, which graphs that were trained further still hold. */
const PREDICTIONS = /(^|\/)predictions(\/|$)/i;
const SHOWN = 10;

/**
 * The output of a graph that does not name it: the one node that depends on the input and that no other
 * reads. Where there are several, the one in a scope "Predictions".
 * @throws UserError where there is none, or no telling which it is
 */
export function chooseOutput({ nodes, fileName }: GraphSource): NodeInput {
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
  const ends: string[] = [];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const next = readers.get(name) ?? [];
    if (next.length === 0) ends.push(name);
    waiting.push(...next);
  }
  if (waiting.length === 0 && reached.size === 0) {
    throw damagedGraph(
      fileName,
      `expected a Placeholder for the images but its ${nodes.size} nodes have none`,
    );
  }
  const named = ends.filter((name) => PREDICTIONS.test(name));
  const [chosen] = ends.length === 1 ? ends : named.length === 1 ? named : [];
  if (chosen !== undefined) return { node: chosen, output: undefined, index: 0 };
  if (ends.length === 0)
    throw damagedGraph(
      fileName,
      'expected an output but every node is read by another: it has a cycle',
    );
  const shown = ends.sort().slice(0, SHOWN).join(', ');
  throw new UserError(
    `Expected one output in ${fileName} but received ${ends.length}: ${shown}${ends.length > SHOWN ? ', …' : ''}`,
    { remedy: 'Freeze the graph with the output of its class probabilities only.' },
  );
}
