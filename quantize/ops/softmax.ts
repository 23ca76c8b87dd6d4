import * as z from 'zod';
import { expected, QuantizationError } from '../params/errors.ts';
import { BYTE_MAX, isSameParams } from '../params/quantization.ts';
import { PROBABILITIES } from '../params/softmax.ts';
import { requireDisjoint, requireLength, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import type { NodeBase } from './tensor.ts';

const POWERS = BYTE_MAX + 1;

/** Probabilities of the channels at each position, at scale 1 / 256 and zero point 0. */
export interface SoftmaxNode extends NodeBase<'softmax'> {
  /** [256] singles: e to the power of −d steps of the input (eq. 15). */
  readonly powers: readonly number[];
}

export interface SoftmaxCall {
  /** [positions, channels] uint8 */
  readonly input: Uint8Array;
  readonly positions: number;
  readonly channels: number;
  /** [256] singles from 1 down to 0 or more */
  readonly powers: Float32Array;
  /** [positions, channels] uint8 */
  readonly output: Uint8Array;
}

/** The share of each power in their sum, in parts of 256 (eq. 15). */
export const softmax: Operation<SoftmaxNode, SoftmaxCall> = {
  since: 2,
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('softmax'),
    powers: z.array(z.number().min(0).max(1)).length(POWERS),
  }),
  arity: 'one',
  outputRange: 'observed',

  outputShape: (_node, [{ shape }]) => shape,

  checkNode({ name, powers, output: { quantization } }) {
    if (!isSameParams(quantization, PROBABILITIES)) {
      throw new QuantizationError(
        `Expected scale 1/256 and zero point 0 of the softmax ${name} but received ${quantization.scale} and ${quantization.zeroPoint}`,
      );
    }
    if (powers.length !== POWERS || powers[0] !== 1 || powers.some(isNoPower)) {
      throw new QuantizationError(
        `Expected ${POWERS} single-precision powers in [0, 1], 1 the first, for ${name}`,
      );
    }
  },

  macs: () => 0,

  call: ({ powers }, { batch, inputs: [{ data, shape }], output }) => ({
    input: data,
    positions: batch * shape[0] * shape[1],
    channels: shape[2],
    powers: Float32Array.from(powers),
    output,
  }),
  inputsOf: ({ input }) => [input],

  checkCall({ input, positions, channels, powers, output }) {
    requirePositive('positions', positions);
    requirePositive('channels', channels);
    requireLength('powers', powers, POWERS);
    // So no sum is 0, whatever the bytes: the greatest has power 1.
    if (powers[0] !== 1) throw expected('1', 'powers[0]', powers[0]);
    const bad = powers.findIndex(isNoPower);
    if (bad >= 0) throw expected('a number in [0, 1]', `powers[${bad}]`, powers[bad]);
    requireLength('input', input, positions * channels);
    requireLength('output', output, positions * channels);
    requireDisjoint('input', input, output);
  },

  compute({ input, positions, channels, powers, output }) {
    for (let position = 0; position < positions; position++) {
      const row = input.subarray(position * channels, (position + 1) * channels);
      const greatest = row.reduce((a, b) => Math.max(a, b), 0);
      let sum = 0;
      for (const q of row) sum = Math.fround(sum + powers[greatest - q]);
      const factor = Math.fround(256 / sum);
      for (const [c, q] of row.entries()) {
        const share = Math.fround(powers[greatest - q] * factor);
        const byte = Math.floor(Math.fround(share + 0.5));
        output[position * channels + c] = Math.min(byte, BYTE_MAX);
      }
    }
  },
};

function isNoPower(power: number): boolean {
  return !(power >= 0 && power <= 1 && Math.fround(power) === power);
}
