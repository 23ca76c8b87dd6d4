import * as z from 'zod';
import { requantizationTable } from '../params/requantization_table.ts';
import { inNode } from './check.ts';
import { type LookupCall, lookup } from './lookup.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import type { NodeBase } from './tensor.ts';

/** The same real numbers at other parameters. */
export type RequantizeNode = NodeBase<'requantize'>;

/** A tensor at other parameters: eq. 5 with acc = q − zeroPoint, of each of the 256 bytes. */
export const requantize: Operation<RequantizeNode, LookupCall> = {
  since: 2,
  header: z.strictObject({ ...NODE_FIELDS, op: z.literal('requantize') }),
  arity: 'one',
  outputRange: 'observed',

  outputShape: (_node, [{ shape }]) => shape,

  checkNode({ name, output }, [{ quantization }]) {
    inNode(name, () => requantizationTable(quantization, output.quantization));
  },

  macs: () => 0,

  call: ({ output: { quantization } }, { batch, inputs: [input], output }) => ({
    input: input.data,
    positions: batch * input.shape[0] * input.shape[1],
    channels: input.shape[2],
    table: requantizationTable(input.quantization, quantization),
    output,
  }),
  inputsOf: lookup.inputsOf,
  checkCall: lookup.checkCall,
  compute: lookup.compute,
};
