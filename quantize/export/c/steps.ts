import { groupsOf } from '../../ops/conv2d.ts';
import type { ConvolutionCall } from '../../ops/convolution.ts';
import type { ElementwiseCall } from '../../ops/elementwise.ts';
import type { ChannelRequantization } from '../../ops/requantization.ts';
import { type Calls, type CallTable, type KernelCall, ofCall } from '../../ops/table.ts';
import type { Shape4 } from '../../ops/tensor.ts';
import { QuantizationError } from '../../params/errors.ts';
import { TAP_NUMBERS } from '../../params/resize.ts';
import { fixedMultiplier } from '../../params/roundings.ts';
import { elements } from '../../params/shape.ts';
import { singleMultiplier } from '../../params/single_multiplier.ts';
import { NO_PADDING, type Padding, UNDILATED } from '../../params/window.ts';
import { permuteAxes } from '../tensor_layout.ts';
import type { KernelName, RequantizeSource } from './kernels.ts';
import { floatLiteral } from './literals.ts';

/** Members of a struct by their names. */
export interface Members {
  readonly [name: string]: string | number | Members;
}

/** Arrays of a node that lie in flash; members of the same names point to them. */
export interface Arrays {
  readonly weights?: Uint8Array;
  readonly bias?: Int32Array;
  /** Of weights with a scale a channel, in the form of a requantization's factor. */
  readonly factors?: readonly Members[];
  readonly table?: Uint8Array;
  readonly rows?: Int32Array;
  readonly columns?: Int32Array;
  readonly powers?: Float32Array;
  readonly alpha?: Uint8Array;
}

/** A kernel that a node calls. */
export interface Step {
  readonly kernel: KernelName;
  /** Of the kernel's struct, beside the arrays. */
  readonly members: Members;
  /** Indices of the node's inputs that it reads. */
  readonly inputs: readonly number[];
}

/** What a node is in C: a row an operation. */
export interface CNode {
  readonly arrays: Arrays;
  readonly steps: readonly Step[];
}

/** Positions whose bytes, and half of their number, add up to less than 2³². */
const MAX_POSITIONS = 2 ** 24;

/** Axes of conv2d's weights in flash: [M, kh, kw, C], so that a sum reads them in a row. */
export const FLASH_AXES = [3, 0, 1, 2] as const;

/**
 * A node's kernels and arrays.
 * @throws QuantizationError naming a pool with too large a window, or a softmax in integers
 */
export function cNode(name: string, call: KernelCall, arithmetic: RequantizeSource): CNode {
  return ofCall(ROWS, call)(name, arithmetic);
}

type Row = (name: string, arithmetic: RequantizeSource) => CNode;

const ROWS: CallTable<Row> = {
  conv2d: (call) => (_name, arithmetic) => {
    const weights = permuteAxes(call.filter, call.filterShape, FLASH_AXES);
    const members = convolution(call, arithmetic);
    const groups = groupsOf(call);
    const step: Step =
      groups === 1
        ? { kernel: 'conv2d', members, inputs: [0] }
        : {
            kernel: 'grouped_conv2d',
            members: {
              ...members,
              channels: call.filterShape[2],
              outputs: call.filterShape[3] / groups,
            },
            inputs: [0],
          };
    return { arrays: { weights, bias: call.bias, ...factors(call, arithmetic) }, steps: [step] };
  },
  depthwiseConv2d: (call) => (_name, arithmetic) => ({
    arrays: { weights: call.filter, bias: call.bias, ...factors(call, arithmetic) },
    steps: [{ kernel: 'depthwise_conv2d', members: convolution(call, arithmetic), inputs: [0] }],
  }),
  transposedConv2d: (call) => (_name, arithmetic) => ({
    arrays: {
      weights: permuteAxes(call.filter, call.filterShape, FLASH_AXES),
      bias: call.bias,
      ...factors(call, arithmetic),
    },
    steps: [{ kernel: 'transposed_conv2d', members: convolution(call, arithmetic), inputs: [0] }],
  }),
  prelu:
    ({ alpha, ...call }) =>
    () => ({
      arrays: { alpha },
      steps: [
        {
          kernel: 'prelu',
          members: {
            count: call.rows * alpha.length,
            slopes: alpha.length,
            input_zero_point: call.inputZeroPoint,
            alpha_zero_point: call.alphaZeroPoint,
            output_zero_point: call.outputZeroPoint,
            positive: { ...call.positive },
            negative: { ...call.negative },
          },
          inputs: [0],
        },
      ],
    }),
  fullyConnected: (call) => (_name, arithmetic) => {
    const { inputDepth, outputDepth, batch } = call;
    const filterShape: Shape4 = [1, 1, inputDepth, outputDepth];
    const asConvolution = {
      ...call,
      filterShape,
      inputShape: [batch, 1, 1, inputDepth] as const,
      outputShape: [batch, 1, 1, outputDepth] as const,
      strides: [1, 1] as const,
      padding: NO_PADDING,
    };
    return ROWS.conv2d(asConvolution)(_name, arithmetic);
  },
  averagePool2d: (call) => (name) => pool('average_pool2d', name, call),
  maxPool2d: (call) => (name) => pool('max_pool2d', name, call),
  globalAveragePool:
    ({ input, inputShape, output }) =>
    (name) => {
      const [batch, height, width, channels] = inputShape;
      return pool('average_pool2d', name, {
        input,
        inputShape,
        windowShape: [height, width],
        strides: [1, 1],
        padding: NO_PADDING,
        output,
        outputShape: [batch, 1, 1, channels],
      });
    },
  concat:
    ({ inputs, positions, outputZeroPoint }) =>
    (_name, arithmetic) => {
      const channels = inputs.reduce((sum, input) => sum + input.channels, 0);
      let first = 0;
      const steps = inputs.map((input, index): Step => {
        const members = {
          positions,
          channels: input.channels,
          first_channel: first,
          output_channels: channels,
          input_zero_point: input.zeroPoint,
          to: requantization(
            { multiplier: input.multiplier, outputZeroPoint, low: 0, high: 255 },
            arithmetic,
          ),
        };
        first += input.channels;
        return { kernel: 'concat_part', members, inputs: [index] };
      });
      return { arrays: {}, steps };
    },
  add: (call) => () => sum(call),
  subtract: (call) => () => sum(call),
  multiply: (call) => (_name, arithmetic) => ({
    arrays: {},
    steps: [
      {
        kernel: 'multiply',
        members: { ...elementwise(call), to: requantization(call, arithmetic) },
        inputs: [0, 1],
      },
    ],
  }),
  lookup: (call) => () => lookup(call),
  requantize: (call) => () => lookup(call),
  resize: (call) => () => {
    const { inputShape, rows, columns } = call;
    const members = {
      input_width: inputShape[2],
      channels: inputShape[3],
      output_height: rows.length / TAP_NUMBERS,
      output_width: columns.length / TAP_NUMBERS,
    };
    return { arrays: { rows, columns }, steps: [{ kernel: 'resize', members, inputs: [0] }] };
  },
  maximum: (call) => () => extreme('maximum', call),
  minimum: (call) => () => extreme('minimum', call),
  softmax:
    ({ positions, channels, powers }) =>
    (name, arithmetic) => {
      if (arithmetic === 'integer') {
        throw new QuantizationError(
          `Expected operations of integers alone but the softmax ${name} computes in single precision`,
          { remedy: 'Export with float arithmetic, or quantize to logits.' },
        );
      }
      const members = { positions, channels };
      return { arrays: { powers }, steps: [{ kernel: 'softmax', members, inputs: [0] }] };
    },
  rearrange: (call) => () => {
    const { sizes, strides, begins, ends, offset, fill } = call;
    const loops = { sizes, strides, begins, ends };
    const arrays = Object.entries(loops).map(([name, each]) => [name, `{${each.join(', ')}}`]);
    const members = { ...Object.fromEntries(arrays), offset, count: elements(sizes), fill };
    return { arrays: {}, steps: [{ kernel: 'rearrange', members, inputs: [0] }] };
  },
};

function convolution(
  call: Pick<ConvolutionCall, 'filterShape' | 'inputZeroPoint' | 'filterZeroPoint'> &
    Placed &
    ChannelRequantization,
  arithmetic: RequantizeSource,
): Members {
  const [height, width] = call.filterShape;
  return {
    window: windowOf(call, [height, width]),
    input_zero_point: call.inputZeroPoint,
    weights_zero_point: call.filterZeroPoint,
    to: requantization(call, arithmetic),
  };
}

interface Placed {
  readonly inputShape: Shape4;
  readonly outputShape: Shape4;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations?: readonly [number, number];
}

function windowOf(
  { inputShape, outputShape, strides, padding, dilations = UNDILATED }: Placed,
  [height, width]: readonly [number, number],
): Members {
  return {
    input_height: inputShape[1],
    input_width: inputShape[2],
    input_channels: inputShape[3],
    output_height: outputShape[1],
    output_width: outputShape[2],
    output_channels: outputShape[3],
    window_height: height,
    window_width: width,
    stride_height: strides[0],
    stride_width: strides[1],
    padding_top: padding.top,
    padding_left: padding.left,
    dilation_height: dilations[0],
    dilation_width: dilations[1],
  };
}

function pool(
  kernel: 'average_pool2d' | 'max_pool2d',
  name: string,
  call: Placed & Pick<Calls['maxPool2d'], 'windowShape' | 'input' | 'output'>,
): CNode {
  const [height, width] = call.windowShape;
  if (kernel === 'average_pool2d' && height * width > MAX_POSITIONS) {
    throw new QuantizationError(
      `Expected a pool over at most ${MAX_POSITIONS} positions, whose sum fits 32 bits, for ${name} but its window is ${height} × ${width}`,
      { remedy: 'Export in another format.' },
    );
  }
  const members = windowOf(call, call.windowShape);
  return { arrays: {}, steps: [{ kernel, members, inputs: [0] }] };
}

function lookup({ table, positions, channels }: Calls['lookup']): CNode {
  const members = { count: positions * channels };
  return { arrays: { table }, steps: [{ kernel: 'lookup', members, inputs: [0] }] };
}

function extreme(kernel: 'maximum' | 'minimum', { rows, columns, share }: Calls['maximum']): CNode {
  return { arrays: {}, steps: [{ kernel, members: { rows, columns, share }, inputs: [0, 1] }] };
}

function sum(call: Calls['add']): CNode {
  const members = {
    ...elementwise(call),
    a_multiplier: call.aMultiplier,
    b_multiplier: call.bMultiplier,
    shift: call.shift,
    zero_point: call.outputZeroPoint,
    low: call.low,
    high: call.high,
  };
  return { arrays: {}, steps: [{ kernel: 'add', members, inputs: [0, 1] }] };
}

function elementwise({ rows, columns, share, aZeroPoint, bZeroPoint }: ElementwiseCall): Members {
  return { rows, columns, share, a_zero_point: aZeroPoint, b_zero_point: bZeroPoint };
}

/** Its factor is left out where each channel has its own. */
function requantization(
  { multiplier, outputZeroPoint, low, high }: ChannelRequantization,
  arithmetic: RequantizeSource,
): Members {
  return {
    ...(typeof multiplier === 'number' && { factor: factorOf(multiplier, arithmetic) }),
    zero_point: outputZeroPoint,
    low,
    high,
  };
}

function factors(
  { multiplier }: Pick<ChannelRequantization, 'multiplier'>,
  arithmetic: RequantizeSource,
): Pick<Arrays, 'factors'> {
  if (typeof multiplier === 'number') return {};
  return { factors: multiplier.map((each) => factorOf(each, arithmetic)) };
}

function factorOf(multiplier: number, arithmetic: RequantizeSource): Members {
  switch (arithmetic) {
    case 'float':
      return { multiplier: floatLiteral(multiplier) };
    case 'integer':
      return { ...singleMultiplier(multiplier) };
    case 'double':
    case 'shift':
      return { ...fixedMultiplier(multiplier) };
  }
}
