import * as z from 'zod';
import { expected } from '../params/errors.ts';
import {
  type ResizeCorners,
  type ResizeMethod,
  resizeTaps,
  TAP_NUMBERS,
  WEIGHT_UNIT,
} from '../params/resize.ts';
import { elements } from '../params/shape.ts';
import { requireDisjoint, requireLength, requireShape } from './check.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import { batchShape, type NodeBase, type Shape4 } from './tensor.ts';
import { positionIndex } from './window.ts';

/** An image at another size; keeps scale and zero point. */
export interface ResizeNode extends NodeBase<'resize'> {
  readonly method: ResizeMethod;
  readonly corners: ResizeCorners;
}

export interface ResizeCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  /** [H', 3]: two rows of the input, and the second one's weight in [0, 2048]. */
  readonly rows: Int32Array;
  /** [W', 3]: columns likewise. */
  readonly columns: Int32Array;
  /** [N, H', W', C] uint8 */
  readonly output: Uint8Array;
}

/** Each value between four of the input, by integer weights (eq. 13). */
export const resize: Operation<ResizeNode, ResizeCall> = {
  since: 2,
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('resize'),
    method: z.enum(['nearest', 'bilinear']),
    corners: z.enum(['halfPixel', 'asymmetric', 'aligned']),
  }),
  arity: 'one',
  outputRange: 'of input',

  outputShape: ({ output }, [{ shape }]) => [output.shape[0], output.shape[1], shape[2]],
  macs: () => 0,

  call({ method, corners, output: { shape } }, { batch, inputs: [input], output }) {
    const [height, width] = input.shape;
    return {
      input: input.data,
      inputShape: batchShape(batch, input.shape),
      rows: resizeTaps(method, corners, height, shape[0]),
      columns: resizeTaps(method, corners, width, shape[1]),
      output,
    };
  },
  inputsOf: ({ input }) => [input],

  checkCall({ input, inputShape, rows, columns, output }) {
    const [batch, height, width, channels] = inputShape;
    requireShape('inputShape', inputShape);
    requireTaps('rows', rows, height);
    requireTaps('columns', columns, width);
    requireLength('input', input, elements(inputShape));
    const positions = (rows.length / TAP_NUMBERS) * (columns.length / TAP_NUMBERS);
    requireLength('output', output, batch * positions * channels);
    requireDisjoint('input', input, output);
  },

  compute({ input, inputShape, rows, columns, output }) {
    const [batch, , , channels] = inputShape;
    let to = 0;
    for (let n = 0; n < batch; n++) {
      for (let y = 0; y < rows.length; y += TAP_NUMBERS) {
        const [top, bottom, down] = rows.subarray(y, y + TAP_NUMBERS);
        for (let x = 0; x < columns.length; x += TAP_NUMBERS) {
          const [left, right, across] = columns.subarray(x, x + TAP_NUMBERS);
          const at = (iy: number, ix: number) => positionIndex(inputShape, n, iy, ix);
          for (let c = 0; c < channels; c++) {
            const along = (row: number) =>
              mixed(input[at(row, left) + c], input[at(row, right) + c], across);
            // eq. 13: at most 255 · 2²² + 2²¹ < 2³¹
            const sum = mixed(along(top), along(bottom), down);
            output[to++] = Math.floor((sum + WEIGHT_UNIT ** 2 / 2) / WEIGHT_UNIT ** 2);
          }
        }
      }
    }
  },
};

/** 2¹¹ times the number that lies between two. */
function mixed(first: number, second: number, weight: number): number {
  return WEIGHT_UNIT * first + (second - first) * weight;
}

/** Some comparisons a row or column: fewer than a call has positions. */
function requireTaps(name: string, taps: Int32Array, size: number): void {
  if (taps.length === 0 || taps.length % TAP_NUMBERS !== 0) {
    throw expected('3 numbers for each place', name, taps.length);
  }
  for (let i = 0; i < taps.length; i += TAP_NUMBERS) {
    const [first, second, weight] = taps.subarray(i, i + TAP_NUMBERS);
    const isInside = first >= 0 && first < size && second >= 0 && second < size;
    if (isInside && weight >= 0 && weight <= WEIGHT_UNIT) continue;
    throw expected(`places in [0, ${size}) and a weight in [0, ${WEIGHT_UNIT}]`, name, [
      first,
      second,
      weight,
    ]);
  }
}
