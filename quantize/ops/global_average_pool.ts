import * as z from 'zod';
import { elements } from '../params/shape.ts';
import { requireDisjoint, requireLength, requireShape } from './check.ts';
import { requirePoolPositions, roundedMean } from './mean.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import { batchShape, type NodeBase, type Shape4 } from './tensor.ts';
import { positionIndex } from './window.ts';

/** [H, W, C] → [1, 1, C]; keeps scale and zero point (eq. 6). */
export type GlobalAveragePoolNode = NodeBase<'globalAveragePool'>;

export interface GlobalAveragePoolCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  /** [N, C] uint8 */
  readonly output: Uint8Array;
}

/** The rounded mean of each channel (eq. 6). */
export const globalAveragePool: Operation<GlobalAveragePoolNode, GlobalAveragePoolCall> = {
  since: 1,
  header: z.strictObject({ ...NODE_FIELDS, op: z.literal('globalAveragePool') }),
  arity: 'one',
  outputRange: 'of input',

  outputShape: (_node, [{ shape }]) => [1, 1, shape[2]],
  macs: () => 0,

  call: (_node, { batch, inputs: [input], output }) => ({
    input: input.data,
    inputShape: batchShape(batch, input.shape),
    output,
  }),
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    const [batch, height, width, channels] = call.inputShape;
    requireShape('inputShape', call.inputShape);
    requirePoolPositions('inputShape', height * width);
    requireLength('input', call.input, elements(call.inputShape));
    requireLength('output', call.output, batch * channels);
    requireDisjoint('input', call.input, call.output);
  },

  compute({ input, inputShape, output }) {
    const [batch, height, width, channels] = inputShape;
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) sum += input[positionIndex(inputShape, n, y, x) + c];
        }
        output[n * channels + c] = roundedMean(sum, height * width);
      }
    }
  },
};
