import type * as tf from '@tensorflow/tfjs';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/**
 * Which place of the input a place of the output reads: (i + ½) · scale − ½ (`halfPixel`), i · scale
 * (`asymmetric`), or i · (size − 1) / (size' − 1) (`aligned`).
 */
export type Corners = 'halfPixel' | 'asymmetric' | 'aligned';

/** An image at another size. */
export interface FloatResizeNode extends NodeBase {
  readonly op: 'resize';
  /** [height, width] of the output. */
  readonly size: readonly [number, number];
  readonly method: 'nearest' | 'bilinear';
  readonly corners: Corners;
}

export const RESIZE: Operation<FloatResizeNode> = {
  shape(node, [input]) {
    if (input.length !== 3) throw misfit(node, 'images', [input]);
    return [...node.size, input[2]];
  },
  run({ size, method, corners }, { tf, inputs: [x] }) {
    const resize = method === 'nearest' ? tf.image.resizeNearestNeighbor : tf.image.resizeBilinear;
    return resize(x as tf.Tensor4D, [...size], corners === 'aligned', corners === 'halfPixel');
  },
};
