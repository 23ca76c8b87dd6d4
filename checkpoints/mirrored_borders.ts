import type { FloatNode } from '../architectures/graph/float_node.ts';
import type { Shape } from '../architectures/graph/shape.ts';
import type { Padding } from '../architectures/graph/window.ts';

/** reflect: without the outermost row; symmetric: with it; edge: that one again and again. */
export type Mirror = 'reflect' | 'symmetric' | 'edge';

/** Of an image of so many rows (or columns), the one that stands `distance` ≥ 1 before it. */
const ROW_BEFORE: Readonly<Record<Mirror, (distance: number) => number>> = {
  reflect: (distance) => distance,
  symmetric: (distance) => distance - 1,
  edge: () => 0,
};

/**
 * An image with rows and columns of its own around it: its parts, joined.
 * @param base of the node that gives the result
 * @param shape [H, W, C]
 * @returns undefined where the image has too few rows or columns
 */
export function mirroredNodes(
  base: Pick<FloatNode, 'name' | 'inputs' | 'className'>,
  shape: Shape,
  { top, bottom, left, right }: Padding,
  mirror: Mirror,
): readonly FloatNode[] | undefined {
  const nodes: FloatNode[] = [];
  let from = base.inputs[0];
  let size = shape;
  const sides = [
    [top, bottom],
    [left, right],
  ];
  for (const [axis, [before, behind]] of sides.entries()) {
    if (before === 0 && behind === 0) continue;
    const length = size[axis];
    const row = ROW_BEFORE[mirror];
    const first = Array.from({ length: before }, (_, at) => row(before - at));
    const last = Array.from({ length: behind }, (_, at) => length - 1 - row(at + 1));
    if ([...first, ...last].some((at) => at < 0 || at >= length)) return undefined;
    const part = (at: number, place: number): string => {
      const name = `${base.name}/${['row', 'column'][axis]}_${place}`;
      const begin = size.map((_, each) => (each === axis ? at : 0));
      const one = size.with(axis, 1);
      nodes.push({
        ...base,
        op: 'slice',
        name,
        inputs: [from],
        begin,
        size: one,
        strides: [1, 1, 1],
      });
      return name;
    };
    const inputs = [...first.map(part), from, ...last.map((at, place) => part(at, before + place))];
    const name = axis === 0 ? `${base.name}/rows` : `${base.name}/columns`;
    nodes.push({ ...base, op: 'concat', name, inputs, axis: axis - 3 });
    size = size.with(axis, length + before + behind);
    from = name;
  }
  const result = nodes.at(-1);
  if (result === undefined) return [{ ...base, op: 'pad', padding: { top, bottom, left, right } }];
  return [...nodes.slice(0, -1), { ...result, name: base.name }];
}
