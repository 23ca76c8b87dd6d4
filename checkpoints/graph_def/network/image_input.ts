import { UserError } from '../../../foundation/errors.ts';
import { damagedGraph } from '../graph_def.ts';
import type { FlatNode } from './flatten.ts';
import type { PartialShape } from './graph_source.ts';
import type { GraphNetwork } from './network_draft.ts';

/** Operations that make something of a whole image. */
const READS_IMAGES = /Conv2D|Conv2dNative|MatMul/;

/**
 * The input that gives a graph its images. Others are left out with what they feed.
 * @throws UserError where none is there, or convolutions read several
 */
export function imageInput(graph: GraphNetwork): FlatNode {
  const inputs = graph.nodes.filter(({ op }) => op === 'Placeholder');
  const [first, ...others] = inputs;
  if (first === undefined) {
    throw damagedGraph(
      graph.fileName,
      `expected a Placeholder for the images but none is read by its outputs`,
    );
  }
  if (others.length === 0) return first;
  const ofImages = inputs.filter((input) => inputShapeOf(graph, input)?.length === 4);
  const candidates = ofImages.length > 0 ? ofImages : inputs;
  const used = candidates.filter((input) => feedsConvolutions(graph, input));
  if (used.length < 2) return used[0] ?? candidates[0];
  const named = used.map((input) => {
    const sides = inputShapeOf(graph, input)?.map((side) => side ?? '?');
    return sides === undefined ? input.name : `${input.name} [${sides}]`;
  });
  throw new UserError(
    `Expected one input of images in ${graph.fileName} but received ${used.length}: ${named.join(', ')}`,
    { remedy: 'Save the part that reads one of them as a network of its own.' },
  );
}

/** What the graph says of an input, or the signature where that says more; undefined where none does. */
export function inputShapeOf(
  { inputShapes }: GraphNetwork,
  input: FlatNode,
): PartialShape | undefined {
  const own = input.attributes.shape('shape');
  return own?.length === 4 ? own : (inputShapes?.get(input.name) ?? own);
}

function feedsConvolutions({ nodes }: GraphNetwork, input: FlatNode): boolean {
  const reached = new Set([input]);
  for (const node of nodes) {
    if (!node.inputs.some(({ node: from }) => reached.has(from))) continue;
    if (READS_IMAGES.test(node.op)) return true;
    reached.add(node);
  }
  return false;
}
