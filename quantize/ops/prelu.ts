import * as z from 'zod';
import { expected, QuantizationError } from '../params/errors.ts';
import type { FixedPoint } from '../params/fixed_point.ts';
import { type PreluMultipliers, preluByte, preluMultipliers } from '../params/prelu.ts';
import {
  BYTE_MAX,
  type QuantizationParams,
  requireScale,
  requireZeroPoint,
} from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { inNode, requireDisjoint, requireLength, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { NODE_FIELDS, Positive, Quantization } from './schema.ts';
import type { ImageShape, NodeBase, TensorSpec } from './tensor.ts';

const BYTES = BYTE_MAX + 1;

/** Slopes below 0, quantized. */
export interface QuantizedSlopes {
  readonly data: Uint8Array;
  /** [1, 1, C], or that of the image. */
  readonly shape: ImageShape;
  readonly quantization: QuantizationParams;
}

/** x from 0 on, α · x below, with an α a channel or a value. */
export interface PreluNode extends NodeBase<'prelu'> {
  readonly alpha: QuantizedSlopes;
}

export interface PreluCall extends PreluMultipliers {
  /** [rows, slopes] uint8 */
  readonly input: Uint8Array;
  /** [slopes] uint8 */
  readonly alpha: Uint8Array;
  readonly rows: number;
  readonly inputZeroPoint: number;
  readonly alphaZeroPoint: number;
  readonly outputZeroPoint: number;
  /** [rows, slopes] uint8 */
  readonly output: Uint8Array;
}

/** The output byte of each value and its slope (eq. 12). */
export const prelu: Operation<PreluNode, PreluCall> = {
  since: 2,
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('prelu'),
    alpha: z.strictObject({
      data: z.array(z.number().int().min(0).max(BYTE_MAX)),
      shape: z.tuple([Positive, Positive, Positive]),
      quantization: Quantization,
    }),
  }),
  arity: 'one',
  outputRange: 'observed',

  outputShape: (_node, [{ shape }]) => shape,

  checkNode({ name, alpha, output }, [input]) {
    const { shape, data, quantization } = alpha;
    const isSame = (other: ImageShape) => other.every((side, axis) => side === shape[axis]);
    const perChannel: ImageShape = [1, 1, input.shape[2]];
    if (!isSame(input.shape) && !isSame(perChannel)) {
      throw new QuantizationError(
        `Expected slopes [${perChannel}] or [${input.shape}] for ${name} but received [${shape}]`,
      );
    }
    if (data.length !== elements(shape)) {
      throw new QuantizationError(
        `Expected ${elements(shape)} slopes for ${name} but received ${data.length}`,
      );
    }
    requireScale(`the scale of the slopes of ${name}`, quantization.scale);
    requireZeroPoint(`the zero point of the slopes of ${name}`, quantization.zeroPoint);
    inNode(name, () => multipliersOf(alpha, output, input));
  },

  macs: () => 0,

  call({ alpha, output }, { batch, inputs: [input], output: bytes }) {
    return {
      input: input.data,
      alpha: alpha.data,
      rows: (batch * elements(input.shape)) / alpha.data.length,
      inputZeroPoint: input.quantization.zeroPoint,
      alphaZeroPoint: alpha.quantization.zeroPoint,
      ...multipliersOf(alpha, output, input),
      outputZeroPoint: output.quantization.zeroPoint,
      output: bytes,
    };
  },
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    requirePositive('rows', call.rows);
    requirePositive('alpha.length', call.alpha.length);
    requireLength('input', call.input, call.rows * call.alpha.length);
    requireLength('output', call.output, call.rows * call.alpha.length);
    requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
    requireZeroPoint('alphaZeroPoint', call.alphaZeroPoint);
    requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
    requireFixedPoint('positive', call.positive, 22);
    requireFixedPoint('negative', call.negative, 14);
    requireDisjoint('input', call.input, call.output);
  },

  compute(call) {
    const { input, alpha, inputZeroPoint, alphaZeroPoint, outputZeroPoint, output } = call;
    for (const [i, byte] of input.entries()) {
      const slope = alpha[i % alpha.length] - alphaZeroPoint;
      output[i] = preluByte(byte - inputZeroPoint, slope, call, outputZeroPoint);
    }
  },
};

/**
 * [256, 256] the output byte by the slope's and the input's: what the compiled tiers look up, since both are
 * bytes. Rows of slopes that do not occur are 0.
 */
export function preluTable(call: PreluCall): Uint8Array {
  const { alpha, inputZeroPoint, alphaZeroPoint, outputZeroPoint } = call;
  const table = new Uint8Array(BYTES * BYTES);
  for (const slope of new Set(alpha)) {
    for (let q = 0; q < BYTES; q++) {
      const x = q - inputZeroPoint;
      table[slope * BYTES + q] = preluByte(x, slope - alphaZeroPoint, call, outputZeroPoint);
    }
  }
  return table;
}

function multipliersOf(
  alpha: QuantizedSlopes,
  output: TensorSpec,
  input: TensorSpec,
): PreluMultipliers {
  return preluMultipliers(
    input.quantization.scale,
    alpha.quantization.scale,
    output.quantization.scale,
  );
}

/** Products of bytes times 2^shift fit int32. */
function requireFixedPoint(name: string, { mantissa, shift }: FixedPoint, most: number): void {
  const isMantissa =
    Number.isInteger(mantissa) && (mantissa === 0 || (mantissa >= 2 ** 30 && mantissa < 2 ** 31));
  if (!isMantissa) throw expected('0 or an integer in [2³⁰, 2³¹)', `${name}.mantissa`, mantissa);
  if (!(Number.isInteger(shift) && shift >= -31 && shift <= most)) {
    throw expected(`integer in [−31, ${most}]`, `${name}.shift`, shift);
  }
}
