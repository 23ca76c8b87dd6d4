import type { FloatNode } from '../architectures/graph/float_node.ts';
import { NO_PADDING, type Padding } from '../architectures/graph/window.ts';

/** What the nodes of a padding have of the operator that they stand for. */
type Base = Pick<FloatNode, 'name' | 'inputs' | 'className'>;

/**
 * Zeros around an image, and channels of zeros: columns of zeros of the image turned, [H, C, W].
 *
 * @param base of the node that gives the result
 * @param channels before the image's own and behind them
 * @param wider last part of the name of what has these channels, turned
 */
export function paddedNodes(
  base: Base,
  padding: Padding,
  [before, behind]: readonly [number, number],
  wider: string,
): readonly FloatNode[] {
  if (before === 0 && behind === 0) return [{ ...base, op: 'pad', padding }];
  const { name } = base;
  const turn = { ...base, op: 'transpose', permutation: [0, 2, 1] } as const;
  const [around, turned, whole] = [`${name}/around`, `${name}/turned`, `${name}/${wider}`];
  const channels = { ...NO_PADDING, left: before, right: behind };
  return [
    { ...base, op: 'pad', name: around, padding },
    { ...turn, name: turned, inputs: [around] },
    { ...base, op: 'pad', name: whole, inputs: [turned], padding: channels },
    { ...turn, inputs: [whole] },
  ];
}
