import type * as tf from '@tensorflow/tfjs';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/**
 * Blocks of b × b pixels as channels, [H, W, C] → [H / b, W / b, b · b · C] (`spaceToDepth`), or back: channel
 * (i · b + j) · C + c is row i, column j of its block.
 */
export interface FloatSpaceDepthNode extends NodeBase {
  readonly op: 'spaceToDepth' | 'depthToSpace';
  readonly block: number;
}

export const SPACE_DEPTH: Operation<FloatSpaceDepthNode> = {
  shape(node, [input]) {
    const { op, block } = node;
    const [height, width, channels] = input;
    if (input.length !== 3) throw misfit(node, 'images', [input]);
    if (op === 'depthToSpace') {
      if (channels % block ** 2 !== 0) {
        throw misfit(node, `a multiple of ${block ** 2} channels`, [input]);
      }
      return [height * block, width * block, channels / block ** 2];
    }
    if (height % block !== 0 || width % block !== 0) {
      throw misfit(node, `sides that are multiples of ${block}`, [input]);
    }
    return [height / block, width / block, channels * block ** 2];
  },
  run({ op, block }, { inputs: [x] }) {
    const [batch, height, width, channels] = (x as tf.Tensor4D).shape;
    if (op === 'depthToSpace') {
      const depth = channels / block ** 2;
      return x
        .reshape([batch * height, width, block, block, depth])
        .transpose([0, 2, 1, 3, 4])
        .reshape([batch, height * block, width * block, depth]);
    }
    const [rows, columns] = [height / block, width / block];
    return x
      .reshape([batch * rows, block, columns, block, channels])
      .transpose([0, 2, 1, 3, 4])
      .reshape([batch, rows, columns, block * block * channels]);
  },
};
