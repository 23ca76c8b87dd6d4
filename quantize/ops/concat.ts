import * as z from 'zod';
import { QuantizationError } from '../params/errors.ts';
import { BYTE_MAX, requireZeroPoint } from '../params/quantization.ts';
import { multiplierFor } from '../params/requantization.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../params/roundings.ts';
import { elements } from '../params/shape.ts';
import { requireDisjoint, requireLength, requireMultiplier, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { requantizer } from './requantization.ts';
import { NODE_FIELDS } from './schema.ts';
import type { ImageShape, NodeBase } from './tensor.ts';

/** Joins its inputs along the channels, or below or beside each other. */
export interface ConcatNode extends NodeBase<'concat'> {
  /** Absent: the channels. */
  readonly axis?: 'height' | 'width';
}

/** The place of a concatenation's axis in [height, width, channels]. */
export function concatAxis({ axis }: Pick<ConcatNode, 'axis'>): 0 | 1 | 2 {
  return axis === undefined ? 2 : axis === 'width' ? 1 : 0;
}

export interface ConcatCall {
  readonly inputs: readonly {
    /** [positions, channels] uint8 */
    readonly data: Uint8Array;
    /** Bytes that lie together; of another axis than the channels, rows or images of them. */
    readonly channels: number;
    readonly zeroPoint: number;
    /** f32(scaleIn / scaleOut); see `Requantization`. */
    readonly multiplier: number;
  }[];
  /** N · H · W; of another axis those before it. */
  readonly positions: number;
  readonly outputZeroPoint: number;
  /** eq. 16; eq. 5 unless given. */
  readonly rounding?: RoundingName;
  /** [positions, Σ channels] uint8 */
  readonly output: Uint8Array;
}

/** Tensors side by side, each requantized to the output's parameters (eq. 5). */
export const concat: Operation<ConcatNode, ConcatCall> = {
  since: 1,
  sinceOf: ({ axis }) => (axis === undefined ? 1 : 2),
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('concat'),
    axis: z.enum(['height', 'width']).exactOptional(),
  }),
  arity: 'several',
  outputRange: 'observed',

  outputShape(node, inputs) {
    const joined = concatAxis(node);
    const [first] = inputs;
    for (const { shape } of inputs) {
      if (shape.some((side, axis) => axis !== joined && side !== first.shape[axis])) {
        const [own, others] = [sidesBeside(joined, shape), sidesBeside(joined, first.shape)];
        throw new QuantizationError(
          `Expected inputs of ${others} for ${node.name} but received ${own}`,
        );
      }
    }
    const sum = inputs.reduce((total, { shape }) => total + shape[joined], 0);
    const [height, width, channels] = first.shape.with(joined, sum);
    return [height, width, channels];
  },

  macs: () => 0,

  call(node, { batch, inputs, output, rounding = DEFAULT_ROUNDING }) {
    const { shape, quantization } = node.output;
    const axis = concatAxis(node);
    return {
      inputs: inputs.map(({ data, shape: own, quantization: from }) => ({
        data,
        channels: elements(own.slice(axis)),
        zeroPoint: from.zeroPoint,
        multiplier: multiplierFor(rounding, from.scale, 1, quantization.scale),
      })),
      positions: batch * elements(shape.slice(0, axis)),
      outputZeroPoint: quantization.zeroPoint,
      ...(rounding !== DEFAULT_ROUNDING && { rounding }),
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
      requireMultiplier(`inputs[${i}].multiplier`, input.multiplier, call.rounding);
      requireDisjoint(`inputs[${i}].data`, input.data, call.output);
      channels += input.channels;
    }
    requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
    requireLength('output', call.output, call.positions * channels);
  },

  compute(call) {
    const parts = call.inputs.map((input) => ({
      ...input,
      requantize: partRequantizer(call, input),
    }));
    let to = 0;
    for (let position = 0; position < call.positions; position++) {
      for (const { data, channels, zeroPoint, requantize } of parts) {
        for (let c = 0; c < channels; c++) {
          // eq. 5 with acc = q − z, on the whole range of bytes
          call.output[to] = requantize(data[position * channels + c] - zeroPoint);
          to++;
        }
      }
    }
  },
};

/** What an input's difference from its zero point becomes. */
export function partRequantizer(
  { outputZeroPoint, rounding }: Pick<ConcatCall, 'outputZeroPoint' | 'rounding'>,
  { multiplier }: Pick<ConcatCall['inputs'][number], 'multiplier'>,
): (difference: number) => number {
  const whole = { multiplier, outputZeroPoint, low: 0, high: BYTE_MAX };
  return requantizer(rounding === undefined ? whole : { ...whole, rounding });
}

/** The sides that inputs have in common, e.g. "7 × 9". */
function sidesBeside(joined: number, shape: ImageShape): string {
  return shape.filter((_, axis) => axis !== joined).join(' × ');
}
