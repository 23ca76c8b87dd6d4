import * as z from 'zod';
import { QuantizationError } from '../params/errors.ts';
import { BYTE_MAX } from '../params/quantization.ts';
import { requireDisjoint, requireLength, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import type { NodeBase } from './tensor.ts';

const BYTES = BYTE_MAX + 1;

/** A function of one value by its name, or a ReLU: min(x, max) above the threshold, slope · (x − threshold) below. */
export type ScalarFunction =
  | string
  | {
      /** null where there is none. */
      readonly max: number | null;
      readonly slope: number;
      readonly threshold: number;
    };

/** A function of each value. */
export interface LookupNode extends NodeBase<'lookup'> {
  /** In float; what is computed is the table. */
  readonly function: ScalarFunction;
  /** [256] uint8: the output byte of each input byte (eq. 10). */
  readonly table: Uint8Array;
}

export interface LookupCall {
  /** [positions, channels] uint8 */
  readonly input: Uint8Array;
  readonly positions: number;
  readonly channels: number;
  /** [256] uint8 */
  readonly table: Uint8Array;
  /** [positions, channels] uint8 */
  readonly output: Uint8Array;
}

/** The output byte of each input byte, from a table (eq. 10). */
export const lookup: Operation<LookupNode, LookupCall> = {
  since: 2,
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('lookup'),
    function: z.union([
      z.string(),
      z.strictObject({ max: z.number().nullable(), slope: z.number(), threshold: z.number() }),
    ]),
    table: z.array(z.number().int().min(0).max(BYTE_MAX)).length(BYTES),
  }),
  arity: 'one',
  outputRange: 'observed',

  outputShape: (_node, [{ shape }]) => shape,

  checkNode({ name, table }) {
    if (table.length === BYTES) return;
    throw new QuantizationError(
      `Expected a table of ${BYTES} bytes for ${name} but received ${table.length}`,
    );
  },

  macs: () => 0,

  call: ({ table }, { batch, inputs: [{ data, shape }], output }) => ({
    input: data,
    positions: batch * shape[0] * shape[1],
    channels: shape[2],
    table,
    output,
  }),
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    requirePositive('positions', call.positions);
    requirePositive('channels', call.channels);
    requireLength('input', call.input, call.positions * call.channels);
    requireLength('table', call.table, BYTES);
    requireLength('output', call.output, call.positions * call.channels);
    requireDisjoint('input', call.input, call.output);
  },

  compute({ input, table, output }) {
    for (const [i, byte] of input.entries()) output[i] = table[byte];
  },
};
