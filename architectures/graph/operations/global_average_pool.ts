import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** The mean over an image: [H, W, C] → [C] */
export interface FloatGlobalAveragePoolNode extends NodeBase {
  readonly op: 'globalAveragePool';
  /** Whether the output is an image of one pixel, [1, 1, C]. */
  readonly keepDims?: boolean;
}

export const GLOBAL_AVERAGE_POOL: Operation<FloatGlobalAveragePoolNode> = {
  shape(node, [input]) {
    if (input.length !== 3) throw misfit(node, 'images', [input]);
    return node.keepDims ? [1, 1, input[2]] : [input[2]];
  },
  run: ({ keepDims = false }, { inputs: [x] }) => x.mean([1, 2], keepDims),
};
