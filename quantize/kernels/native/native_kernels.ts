import type { AdditionCall } from '../../ops/addition.ts';
import { type ConcatCall, partRequantizer } from '../../ops/concat.ts';
import { type Conv2dCall, groupsOf } from '../../ops/conv2d.ts';
import type { ElementwiseCall } from '../../ops/elementwise.ts';
import type { ExtremeCall } from '../../ops/extreme.ts';
import type { LookupCall } from '../../ops/lookup.ts';
import type { MultiplyCall } from '../../ops/multiply.ts';
import type { Pool2dCall } from '../../ops/pool2d.ts';
import { type PreluCall, preluTable } from '../../ops/prelu.ts';
import type { RearrangeCall } from '../../ops/rearrange.ts';
import {
  type ChannelRequantization,
  fixedMultipliersOf,
  multipliersOf,
} from '../../ops/requantization.ts';
import type { ResizeCall } from '../../ops/resize.ts';
import { type CallTable, checkCall, inputsOf, type KernelCall, ofCall } from '../../ops/table.ts';
import type { TransposedConv2dCall } from '../../ops/transposed_conv2d.ts';
import { expected, messageOf, QuantizationError } from '../../params/errors.ts';
import {
  type QuantizationParams,
  quantizeArray,
  requireScale,
  requireZeroPoint,
} from '../../params/quantization.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../../params/roundings.ts';
import { asConvolution, asPool, requireInt32Size, windowGeometry } from '../canonical_call.ts';
import type { CompiledProgram, Kernels, Program } from '../kernels.ts';
import { phaseSlices } from '../phases.ts';
import { requireOpen, slotOf } from '../program.ts';
import { groupSlices, type Slice } from '../slices.ts';
import {
  INSTRUCTION_SETS,
  type InstructionSet,
  type NativeAddon,
  type NativeOp,
  type NativeProgram,
} from './addon.ts';

/** Numbers of source/op.h's OpKind. */
const CONVOLUTION = 0;
const DEPTHWISE = 1;
const AVERAGE_POOL = 2;
const MAX_POOL = 3;
const ADD = 5;
const MULTIPLY = 6;
const MAXIMUM = 11;
const MINIMUM = 12;

const NO_BYTES = new Uint8Array(0);
const NO_BIAS = new Int32Array(0);
const NO_MULTIPLIERS = new Float32Array(0);
const NO_FACTOR = { mantissa: 0, exponent: 0 };

/**
 * The native tier for one instruction set: the fastest that the processor has unless one is asked for. TypeScript
 * checks each call; C computes.
 * @throws QuantizationError when the processor lacks the instruction set
 */
export function createNativeKernels(
  addon: NativeAddon,
  instructionSet: InstructionSet = addon.supportedIsas().at(-1)!,
): Kernels {
  const supported = addon.supportedIsas();
  if (!supported.includes(instructionSet)) {
    throw expected(`one of ${supported.join(', ')}`, 'instructionSet', instructionSet);
  }
  return new NativeKernels(addon, instructionSet);
}

class NativeKernels implements Kernels {
  readonly tier = 'native';
  readonly instructionSet: InstructionSet;
  private readonly addon: NativeAddon;
  /** The addon's number of the instruction set. */
  private readonly isa: number;
  private readonly ops: CallTable<NativeOp> = {
    conv2d: (call) =>
      groupsOf(call) === 1
        ? this.convolution(CONVOLUTION, call)
        : this.sliced(call, groupSlices(call)),
    depthwiseConv2d: (call) => this.convolution(DEPTHWISE, call),
    transposedConv2d: (call) => this.sliced(call, phaseSlices(call)),
    prelu: (call) => this.preluOp(call),
    fullyConnected: (call) => this.convolution(CONVOLUTION, asConvolution(call)),
    averagePool2d: (call) => this.pool(AVERAGE_POOL, call),
    maxPool2d: (call) => this.pool(MAX_POOL, call),
    globalAveragePool: (call) => this.pool(AVERAGE_POOL, asPool(call)),
    concat: (call) => this.concatOp(call),
    add: (call) => this.sumOp(call),
    subtract: (call) => this.sumOp(call),
    multiply: (call) => this.productOp(call),
    rearrange: (call) => this.rearrangeOp(call),
    lookup: (call) => this.lookupOp(call),
    resize: (call) => this.resizeOp(call),
    maximum: (call) => this.extremeOp(MAXIMUM, call),
    minimum: (call) => this.extremeOp(MINIMUM, call),
    requantize: (call) => this.lookupOp(call),
    softmax: ({ positions, channels, powers }) => {
      requireInt32Size(positions);
      requireInt32Size(channels);
      return this.addon.createSoftmax(positions, channels, powers);
    },
  };

  constructor(addon: NativeAddon, instructionSet: InstructionSet) {
    this.addon = addon;
    this.instructionSet = instructionSet;
    this.isa = INSTRUCTION_SETS.indexOf(instructionSet);
  }

  quantize(real: Float32Array, params: QuantizationParams, output: Uint8Array): void {
    const { scale, zeroPoint } = params;
    requireScale('scale', scale);
    requireZeroPoint('zeroPoint', zeroPoint);
    if (real.length === output.length && this.addon.quantize(real, scale, zeroPoint, output)) {
      return;
    }
    quantizeArray(real, params, output); // says what is wrong
  }

  compile(program: Program, { threads }: { readonly threads: number }): CompiledProgram {
    const { calls, arena, input, outputs } = program;
    const slot = (view: Uint8Array) => {
      const { offset, length } = slotOf(arena, view);
      return [offset, length];
    };
    const addon = this.addon;
    const slots = calls.flatMap((each) => [...inputsOf(each), each.call.output].flatMap(slot));
    const ops: NativeOp[] = [];
    let native: NativeProgram;
    try {
      for (const call of calls) ops.push(this.prepare(call));
      native = addon.createProgram(
        ops,
        Float64Array.from(slots),
        arena.length,
        Float64Array.from(slot(input)),
        Float64Array.from(outputs.flatMap(slot)),
        threads,
      );
    } catch (error) {
      if (error instanceof QuantizationError) throw error;
      const reason = messageOf(error);
      throw new QuantizationError(`Expected memory and ${threads} threads: ${reason}`, {
        remedy: 'Ask for fewer threads.',
      });
    } finally {
      for (const op of ops) addon.close(op); // a program holds its own references
    }
    let isOpen = true;
    return {
      threads,
      run(images, batch, results) {
        requireOpen(isOpen);
        addon.runProgram(native, images, batch, results);
      },
      profile(image) {
        requireOpen(isOpen);
        const milliseconds = new Float64Array(ops.length);
        addon.profileProgram(native, image, milliseconds);
        return milliseconds;
      },
      close() {
        isOpen = false;
        addon.close(native);
      },
    };
  }

  measurePeak(): number {
    return this.addon.measurePeak(this.isa);
  }

  run(kernelCall: KernelCall): void {
    const op = this.prepare(kernelCall);
    try {
      this.addon.runOp(op, inputsOf(kernelCall), kernelCall.call.output);
    } finally {
      this.addon.close(op);
    }
  }

  /** Checks the call and packs its weights. */
  private prepare(kernelCall: KernelCall): NativeOp {
    checkCall(kernelCall);
    return ofCall(this.ops, kernelCall);
  }

  private convolution(kind: number, call: Conv2dCall): NativeOp {
    const { filterShape, outputShape, inputZeroPoint, filterZeroPoint, outputZeroPoint } = call;
    const { low, high } = call;
    const fields = {
      ...windowGeometry(call, [filterShape[0], filterShape[1]], outputShape),
      inputZeroPoint,
      filterZeroPoint,
      outputZeroPoint,
      low,
      high,
    };
    const { filter, bias } = call;
    const multipliers = multipliersOf(call, bias.length);
    const rounding = roundingNumber(call);
    const factors = factorsOf(call, bias.length);
    const op = this.addon.createOp(
      kind,
      this.isa,
      fields,
      filter,
      bias,
      multipliers,
      rounding,
      factors,
    );
    return this.withTable(op, call);
  }

  private withTable(op: NativeOp, { table }: Pick<Conv2dCall, 'table'>): NativeOp {
    if (table !== undefined) this.addon.setTable(op, table);
    return op;
  }

  private sliced(call: Conv2dCall | TransposedConv2dCall, slices: readonly Slice[]): NativeOp {
    const { inputZeroPoint, filterZeroPoint, outputZeroPoint, low, high } = call;
    const [batch, height, width, channels] = call.inputShape;
    const [, outputHeight, outputWidth, outputChannels] = call.outputShape;
    const zeroPoints = { inputZeroPoint, filterZeroPoint, outputZeroPoint, low, high };
    requireInt32Size(call.output.length);
    const addon = this.addon;
    const ops: NativeOp[] = [];
    try {
      const multipliers = multipliersOf(call, call.bias.length);
      const factors = factorsOf(call, call.bias.length);
      const rounding = roundingNumber(call);
      for (const { geometry, filter, bias, firstChannel: first } of slices) {
        const end = first + bias.length;
        const op = addon.createOp(
            CONVOLUTION,
            this.isa,
            { ...geometry, ...zeroPoints },
            filter,
            bias,
            multipliers.subarray(first, end),
            rounding,
            factors.subarray(2 * first, 2 * end),
          );
        ops.push(this.withTable(op, call));
      }
      const places = slices.flatMap(({ place }) => [
        place.inputOffset,
        place.outputOffset,
        place.outputStep,
        place.outputRow,
      ]);
      const whole = { batch, height, width, channels, outputHeight, outputWidth, outputChannels };
      return addon.createSliced(ops, Int32Array.from(places), whole);
    } finally {
      for (const op of ops) addon.close(op); // the op holds its own references
    }
  }

  private pool(kind: number, call: Pool2dCall): NativeOp {
    const fields = {
      ...windowGeometry(call, call.windowShape, call.outputShape),
      inputZeroPoint: 0,
      filterZeroPoint: 0,
      outputZeroPoint: 0,
      low: call.low,
      high: call.high,
    };
    return this.addon.createOp(
      kind,
      this.isa,
      fields,
      NO_BYTES,
      NO_BIAS,
      NO_MULTIPLIERS,
      0,
      NO_BIAS,
    );
  }

  private preluOp(call: PreluCall): NativeOp {
    requireInt32Size(call.output.length);
    return this.addon.createPrelu(call.rows, call.alpha, preluTable(call));
  }

  private sumOp(call: AdditionCall): NativeOp {
    requireInt32Sizes(call);
    const fields = { ...call, rounding: 0, mantissa: 0, exponent: 0 };
    return this.addon.createElementwise(ADD, this.isa, 1, fields);
  }

  private productOp(call: MultiplyCall): NativeOp {
    requireInt32Sizes(call);
    const [{ mantissa, exponent } = NO_FACTOR] = fixedMultipliersOf(call);
    const rounding = roundingNumber(call);
    const sum = { aMultiplier: 0, bMultiplier: 0, shift: 1 };
    const fields = { ...call, ...sum, rounding, mantissa, exponent };
    return this.addon.createElementwise(MULTIPLY, this.isa, call.multiplier, fields);
  }

  private extremeOp(kind: number, call: ExtremeCall): NativeOp {
    requireInt32Sizes(call);
    const unused = {
      ...{ rounding: 0, mantissa: 0, exponent: 0 },
      aZeroPoint: 0, bZeroPoint: 0, outputZeroPoint: 0, low: 0, high: 255 };
    const fields = { ...call, ...unused, aMultiplier: 0, bMultiplier: 0, shift: 1 };
    return this.addon.createElementwise(kind, this.isa, 1, fields);
  }

  private lookupOp({ positions, channels, table }: LookupCall): NativeOp {
    requireInt32Size(positions);
    requireInt32Size(channels);
    return this.addon.createLookup(positions, channels, table);
  }

  private resizeOp({ inputShape, rows, columns }: ResizeCall): NativeOp {
    return this.addon.createResize(this.isa, int32Sizes(inputShape), rows, columns);
  }

  private rearrangeOp(call: RearrangeCall): NativeOp {
    const { batch, imageBytes, offset, fill, sizes, strides, begins, ends, output } = call;
    requireInt32Size(imageBytes);
    requireInt32Size(output.length);
    const map = Int32Array.of(...sizes, ...strides, ...begins, ...ends, offset);
    return this.addon.createRearrangement(batch, imageBytes, map, fill);
  }

  private concatOp(call: ConcatCall): NativeOp {
    const { inputs, positions } = call;
    requireInt32Size(positions);
    const tables = new Uint8Array(inputs.length * 256);
    for (const [i, input] of inputs.entries()) {
      const requantize = partRequantizer(call, input);
      for (let q = 0; q < 256; q++) tables[256 * i + q] = requantize(q - input.zeroPoint);
    }
    const channels = int32Sizes(inputs.map((input) => input.channels));
    return this.addon.createConcat(positions, channels, tables);
  }
}

/** Numbers of source/op.h's Rounding. */
const ROUNDING_NUMBERS: Readonly<Record<RoundingName, number>> = {
  'f32-multiply-round-half-even': 0,
  'double-rounding': 1,
  'shift-round': 2,
  'power-of-two': 2,
};

function roundingNumber({ rounding = DEFAULT_ROUNDING }: { rounding?: RoundingName }): number {
  return ROUNDING_NUMBERS[rounding];
}

/** Mantissa and exponent of each channel; empty by eq. 5. */
function factorsOf(call: ChannelRequantization, channels: number): Int32Array {
  const fixed = fixedMultipliersOf(call);
  if (fixed.length === 0) return NO_BIAS;
  return Int32Array.from({ length: 2 * channels }, (_, i) => {
    const { mantissa, exponent } = fixed[Math.floor(i / 2) % fixed.length];
    return i % 2 === 0 ? mantissa : exponent;
  });
}

function requireInt32Sizes({ rows, columns }: Pick<ElementwiseCall, 'rows' | 'columns'>): void {
  requireInt32Size(rows);
  requireInt32Size(columns);
}

/** Throws a QuantizationError where a size is too large for the kernels. */
function int32Sizes(sizes: readonly number[]): Int32Array {
  for (const size of sizes) requireInt32Size(size);
  return Int32Array.from(sizes);
}
