import * as z from 'zod';
import { QuantizationError } from '../params/errors.ts';
import { BYTE_MAX } from '../params/quantization.ts';
import { clamp } from '../params/rounding.ts';
import { elements } from '../params/shape.ts';
import { type Padding, windowPositions } from '../params/window.ts';
import {
  requireBounds,
  requireDisjoint,
  requireEqual,
  requireLength,
  requireLess,
  requireShape,
} from './check.ts';
import { requirePoolPositions } from './mean.ts';
import type { NodeSchema, Operation } from './operation.ts';
import { NODE_FIELDS, PaddingField, Pair } from './schema.ts';
import { batchShape, type NodeBase, type Shape4 } from './tensor.ts';
import { positionIndex, requireWindow, tapsInImage } from './window.ts';

/** Pools keep scale and zero point (eq. 6). Padded positions take no part. */
export interface Pool2dNode<Op extends string = string> extends NodeBase<Op> {
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export interface Pool2dCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly low: number;
  readonly high: number;
  /** [N, H', W', C] uint8 */
  readonly output: Uint8Array;
  readonly outputShape: Shape4;
}

/** @param reduce what becomes of a channel's bytes in a window */
export function pool2d<Op extends string>(
  op: Op,
  reduce: (bytes: readonly number[]) => number,
): Operation<Pool2dNode<Op>, Pool2dCall> {
  return {
    since: 1,
    header: z.strictObject({
      ...NODE_FIELDS,
      op: z.literal(op),
      windowShape: Pair,
      strides: Pair,
      padding: PaddingField,
    }) as unknown as NodeSchema<Pool2dNode<Op>>,
    arity: 'one',
    outputRange: 'of input',

    outputShape({ windowShape, strides, padding }, [{ shape }]) {
      const positions = windowPositions([shape[0], shape[1]], windowShape, strides, padding);
      return [...positions, shape[2]];
    },

    /** Every window holds a position of the image, so an average is over at least one. */
    checkNode({ name, windowShape: [height, width], padding: { top, bottom, left, right } }) {
      if (Math.max(top, bottom) >= height || Math.max(left, right) >= width) {
        throw new QuantizationError(
          `Expected padding narrower than the window ${height} × ${width} of ${name} but received ${top}, ${bottom} rows and ${left}, ${right} columns`,
        );
      }
    },

    macs: () => 0,

    call(node, { batch, inputs: [input], output }) {
      return {
        input: input.data,
        inputShape: batchShape(batch, input.shape),
        output,
        outputShape: batchShape(batch, node.output.shape),
        windowShape: node.windowShape,
        strides: node.strides,
        padding: node.padding,
        low: 0,
        high: BYTE_MAX,
      };
    },
    inputsOf: ({ input }) => [input],

    checkCall(call) {
      const { windowShape, padding } = call;
      requireShape('inputShape', call.inputShape);
      requireShape('outputShape', call.outputShape);
      requireWindow(call, windowShape, call.outputShape);
      requireEqual('outputShape[3]', call.outputShape[3], 'inputShape[3]', call.inputShape[3]);
      // So every window holds a position of the image: the first window ends at or after row 0, the
      // last one starts at or before row H − 1, and likewise the columns.
      requireLess('padding.top', padding.top, 'windowShape[0]', windowShape[0]);
      requireLess('padding.bottom', padding.bottom, 'windowShape[0]', windowShape[0]);
      requireLess('padding.left', padding.left, 'windowShape[1]', windowShape[1]);
      requireLess('padding.right', padding.right, 'windowShape[1]', windowShape[1]);
      requirePoolPositions('windowShape', windowShape[0] * windowShape[1]);
      requireLength('input', call.input, elements(call.inputShape));
      requireLength('output', call.output, elements(call.outputShape));
      requireBounds(call.low, call.high);
      requireDisjoint('input', call.input, call.output);
    },

    compute(call) {
      const { input, inputShape, low, high, output, outputShape } = call;
      const [batch, outputHeight, outputWidth, channels] = outputShape;
      for (let n = 0; n < batch; n++) {
        for (let y = 0; y < outputHeight; y++) {
          for (let x = 0; x < outputWidth; x++) {
            const taps = tapsInImage(call, call.windowShape, y, x);
            const to = positionIndex(outputShape, n, y, x);
            for (let c = 0; c < channels; c++) {
              const bytes = taps.map(
                ({ iy, ix }) => input[positionIndex(inputShape, n, iy, ix) + c],
              );
              output[to + c] = clamp(reduce(bytes), low, high);
            }
          }
        }
      }
    },
  };
}
