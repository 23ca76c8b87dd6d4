/**
 * Which tensor of a SavedModel's checkpoint a variable of its graph is. Names do not tell: Keras 3 has
 * each variable twice, as itself and for its checkpoint. The graph's functions say which objects they
 * captured, and both files say how these are reached from the root.
 */
import type { CheckpointObject } from '../tensor_bundle/variables.ts';
import type { MetaGraphDef } from './generated/graph_def_pb.ts';
import { parseInput } from './network/graph_source.ts';

const ROOT = 0;

/**
 * Node of a variable's handle → key of its tensor, for the variables that functions of the graph capture.
 * Empty where the file has no objects, as those of TensorFlow 1.
 * @param objects of the checkpoint; the first is the root
 */
export function capturedVariables(
  { graphDef, objectGraphDef }: Pick<MetaGraphDef, 'graphDef' | 'objectGraphDef'>,
  objects: readonly CheckpointObject[],
): Map<string, string> {
  const keys = new Map<string, string>();
  if (graphDef === undefined || objectGraphDef === undefined) return keys;
  const { nodes, concreteFunctions } = objectGraphDef;
  const children = nodes.map((node) =>
    node.children.map(({ nodeId, localName }) => ({ node: nodeId, name: localName })),
  );
  const keyOf = keysOfObjects(children, objects);
  for (const { attr, input } of graphDef.node) {
    const called = attr.f?.value;
    const captured =
      called?.case === 'func' && Object.hasOwn(concreteFunctions, called.value.name)
        ? concreteFunctions[called.value.name].boundInputs
        : [];
    // What a function captured are its last arguments.
    const handles = input
      .flatMap((reference) => parseInput(reference)?.node ?? [])
      .slice(-captured.length || Number.POSITIVE_INFINITY);
    captured.forEach((object, index) => {
      const key = keyOf.get(object);
      const handle = handles[index];
      if (key !== undefined && handle !== undefined) keys.set(handle, key);
    });
  }
  return keys;
}

/** Number of an object of the graph → key of its tensor: both files reach it by the same names. */
function keysOfObjects(
  children: readonly CheckpointObject['children'][],
  objects: readonly CheckpointObject[],
): Map<number, string> {
  const keys = new Map<number, string>();
  const seen = new Map<number, number>([[ROOT, ROOT]]);
  for (const [saved, restored] of seen) {
    const object = objects[restored];
    if (object === undefined) continue;
    if (object.key !== undefined) keys.set(saved, object.key);
    const byName = new Map(object.children.map(({ name, node }) => [name, node]));
    for (const { name, node } of children[saved] ?? []) {
      const other = byName.get(name);
      if (other !== undefined && !seen.has(node)) seen.set(node, other);
    }
  }
  return keys;
}
