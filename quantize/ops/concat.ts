import * as z from 'zod';
import { QuantizationError } from '../params/errors.ts';
import { BYTE_MAX, requireZeroPoint } from '../params/quantization.ts';
import { requantize } from '../params/requantization.ts';
import { requireDisjoint, requireLength, requireMultiplier, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS } from './schema.ts';
import type { NodeBase } from './tensor.ts';

/** Joins its inputs along the channels. */
export type ConcatNode = NodeBase<'concat'>;

export interface ConcatCall {
  readonly inputs: readonly {
    /** [N, H, W, Ci] uint8 */
    readonly data: Uint8Array;
    readonly channels: number;
    readonly zeroPoint: number;
    /** f32(scaleIn / scaleOut) */
    readonly multiplier: number;
  }[];
  /** N · H · W */
  readonly positions: number;
  readonly outputZeroPoint: number;
  /** [N, H, W, Σ Ci] uint8 */
  readonly output: Uint8Array;
}

/** Tensors side by side, each requantized to the output's parameters (eq. 5). */
export const concat: Operation<ConcatNode, ConcatCall> = {
  since: 1,
  header: z.strictObject({ ...NODE_FIELDS, op: z.literal('concat') }),
  arity: 'several',
  outputRange: 'observed',

  outputShape({ name }, inputs) {
    const [height, width] = inputs[0].shape;
    for (const { shape } of inputs) {
      if (shape[0] !== height || shape[1] !== width) {
        throw new QuantizationError(
          `Expected inputs of ${height} × ${width} for ${name} but received ${shape[0]} × ${shape[1]}`,
        );
      }
    }
    return [height, width, inputs.reduce((sum, { shape }) => sum + shape[2], 0)];
  },

  macs: () => 0,

  call(node, { batch, inputs, output }) {
    const { shape, quantization } = node.output;
    return {
      inputs: inputs.map(({ data, shape: own, quantization: from }) => ({
        data,
        channels: own[2],
        zeroPoint: from.zeroPoint,
        multiplier: Math.fround(from.scale / quantization.scale),
      })),
      positions: batch * shape[0] * shape[1],
      outputZeroPoint: quantization.zeroPoint,
      output,
    };
  },
  inputsOf: ({ inputs }) => inputs.map(({ data }) => data),

  checkCall(call) {
    requirePositive('inputs.length', call.inputs.length);
    requirePositive('positions', call.positions);
    let channels = 0;
    for (const [i, input] of call.inputs.entries()) {
      requirePositive(`inputs[${i}].channels`, input.channels);
      requireLength(`inputs[${i}].data`, input.data, call.positions * input.channels);
      requireZeroPoint(`inputs[${i}].zeroPoint`, input.zeroPoint);
      requireMultiplier(`inputs[${i}].multiplier`, input.multiplier);
      requireDisjoint(`inputs[${i}].data`, input.data, call.output);
      channels += input.channels;
    }
    requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
    requireLength('output', call.output, call.positions * channels);
  },

  compute(call) {
    let to = 0;
    for (let position = 0; position < call.positions; position++) {
      for (const { data, channels, zeroPoint, multiplier } of call.inputs) {
        for (let c = 0; c < channels; c++) {
          // eq. 5 with acc = q − z, on the whole range of bytes
          const difference = data[position * channels + c] - zeroPoint;
          call.output[to] = requantize(difference, multiplier, call.outputZeroPoint, 0, BYTE_MAX);
          to++;
        }
      }
    }
  },
};
