import * as z from 'zod';
import { expected, QuantizationError } from '../params/errors.ts';
import { isSameParams } from '../params/quantization.ts';
import { requireDisjoint, requireLength, requirePositive } from './check.ts';
import { type ElementwiseCall, elementwiseCall, elementwiseShape } from './elementwise.ts';
import type { NodeSchema, Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import type { NodeBase } from './tensor.ts';

/** The lesser or the greater of two tensors that have the output's parameters: bytes have their order. */
export type ExtremeNode<Op extends string> = NodeBase<Op>;

export type ExtremeCall = Pick<
  ElementwiseCall,
  'a' | 'b' | 'rows' | 'columns' | 'share' | 'output'
>;

/** @param choose one of two bytes (eq. 14) */
export function extreme<Op extends string>(
  op: Op,
  choose: (a: number, b: number) => number,
): Operation<ExtremeNode<Op>, ExtremeCall> {
  return {
    since: 2,
    header: z.strictObject({ ...NODE_FIELDS, op: z.literal(op) }) as unknown as NodeSchema<
      ExtremeNode<Op>
    >,
    arity: 'two',
    outputRange: 'of input',
    outputShape: elementwiseShape,

    checkNode({ name, output }, inputs) {
      const stranger = inputs.find(
        ({ quantization }) => !isSameParams(quantization, output.quantization),
      );
      if (stranger === undefined) return;
      const { scale, zeroPoint } = stranger.quantization;
      throw new QuantizationError(
        `Expected the inputs of ${name} (${op}) at its own scale ${output.quantization.scale} and zero point ${output.quantization.zeroPoint} but one has ${scale} and ${zeroPoint}`,
        { remedy: 'Requantize it first.' },
      );
    },

    macs: () => 0,

    call(_node, tensors) {
      const { a, b, rows, columns, share, output } = elementwiseCall(tensors);
      return { a, b, rows, columns, share, output };
    },
    inputsOf: ({ a, b }) => [a, b],

    checkCall({ a, b, rows, columns, share, output }) {
      requirePositive('rows', rows);
      requirePositive('columns', columns);
      requirePositive('share', share);
      if (rows % share !== 0) throw expected(`a multiple of share = ${share}`, 'rows', rows);
      requireLength('a', a, rows * columns);
      requireLength('b', b, (rows / share) * columns);
      requireLength('output', output, rows * columns);
      requireDisjoint('a', a, output);
      requireDisjoint('b', b, output);
    },

    compute({ a, b, rows, columns, share, output }) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const at = row * columns + column;
          output[at] = choose(a[at], b[Math.floor(row / share) * columns + column]);
        }
      }
    },
  };
}
