/** What a graph does to pixels first is the range of its images. */
import type { FloatGraph } from '../architectures/graph/float_graph.ts';
import { bypass, usersOf } from '../architectures/graph/passes/rewrite.ts';
import { type ChannelAffine, inputMap, type PixelRange } from './input_affine.ts';
import { affineOf } from './tflite/activations.ts';

export interface GraphOfImages {
  readonly graph: FloatGraph;
  /** Of the images; undefined where the file does not say it. */
  readonly range: PixelRange | undefined;
  readonly notes: readonly string[];
}

/**
 * Leaves out what a graph does to pixels first where it is a range of images.
 * @param range that the file says; undefined where it does not
 */
export function withInput(
  graph: FloatGraph,
  range: PixelRange | undefined,
  notes: readonly string[],
): GraphOfImages {
  const affine = firstAffine(graph);
  if (range !== undefined || affine === undefined) return { graph, range, notes };
  const { range: scaled, left, note } = inputMap(affine.map);
  if (left !== undefined) return { graph, range: scaled, notes: [...notes, note] };
  const rest = bypass(graph, ({ name }) => affine.nodes.has(name));
  return { graph: rest, range: scaled, notes: [...notes, note] };
}

/** The scaling and shifting at the beginning of a graph, and its nodes. */
function firstAffine(
  graph: FloatGraph,
): { readonly map: ChannelAffine; readonly nodes: ReadonlySet<string> } | undefined {
  const nodes = new Set<string>();
  let [scale, offset] = [1, 0];
  let tensor = graph.input.name;
  for (;;) {
    const [user, ...others] = usersOf(graph, tensor);
    const map =
      others.length === 0 && user?.op === 'activation' && !graph.outputs.includes(tensor)
        ? affineOf(user.activation)
        : undefined;
    if (map === undefined) break;
    nodes.add(user.name);
    [scale, offset] = [scale * map.scale, offset * map.scale + map.shift];
    tensor = user.name;
  }
  return nodes.size === 0 ? undefined : { map: { scale: [scale], offset: [offset] }, nodes };
}
