/** Operators with windows and weights: convolutions, dense layers, pools. */
import type { FloatNode, FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { transposedPlacement } from '../../architectures/graph/transposed_window.ts';
import {
  dilatedWindow,
  NO_PADDING,
  type Padding,
  samePadding,
} from '../../architectures/graph/window.ts';
import type { FlatSchema } from '../../foundation/flatbuffers/flat_buffer.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import type { TfliteConstant } from './constants.ts';
import type { GraphDraft, Made } from './graph_draft.ts';
import {
  addWith,
  baseOf,
  constantOf,
  fused,
  inputOf,
  positive,
  type ReadOperator,
  withRange,
} from './reading.ts';
import type { TfliteOperator } from './tflite_file.ts';

type Window = {
  readonly padding: readonly [number, 'int8'];
  readonly strideWidth: readonly [number, 'int32'];
  readonly strideHeight: readonly [number, 'int32'];
};

function stridesOf(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema & Window,
): [number, number] {
  return [
    positive(operator, draft, options, 'strideHeight'),
    positive(operator, draft, options, 'strideWidth'),
  ];
}

function paddingOf(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema & Window,
  { shape }: Made,
  window: readonly [number, number],
): Padding {
  const code = operator.options(options, 'padding');
  if (code === schema.PADDING.valid) return NO_PADDING;
  if (code !== schema.PADDING.same)
    throw draft.unsupported(operator, `its padding (number ${code})`);
  return samePadding(shape, window, stridesOf(operator, draft, options));
}

function dilationsOf(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema,
): [number, number] {
  return [
    positive(operator, draft, options, 'dilationHeight', 1),
    positive(operator, draft, options, 'dilationWidth', 1),
  ];
}

/** The weights [a, b, c, d]. */
function kernelOf(operator: TfliteOperator, draft: GraphDraft, rank: number): TfliteConstant {
  const kernel = constantOf(operator, draft, 1, 'weights');
  if (kernel.shape.length === rank) return kernel;
  throw draft.unsupported(operator, `weights [${kernel.shape}]`);
}

/** Zeros where there is none. */
function biasOf(operator: TfliteOperator, draft: GraphDraft, outputs: number): Float32Array {
  if ((operator.inputs[2] ?? -1) < 0) return new Float32Array(outputs);
  const { values } = constantOf(operator, draft, 2, 'biases');
  if (values.length === outputs) return values;
  throw draft.unsupported(operator, `${values.length} biases of ${outputs} outputs`);
}

/** kernel: [M, kh, kw, C] */
export function convolution(operator: TfliteOperator, draft: GraphDraft): void {
  const { options } = schema.CONV_2D;
  const input = inputOf(operator, draft);
  const { shape, values } = kernelOf(operator, draft, 4);
  const [outputs, kh, kw, depth] = shape;
  const channels = input.shape.at(-1)!;
  const groups = channels / depth;
  if (!Number.isInteger(groups) || outputs % groups !== 0) {
    throw draft.unsupported(operator, `groups of ${depth} of ${channels} channels`);
  }
  const weights = { kernel: outputsLast(values, outputs), bias: biasOf(operator, draft, outputs) };
  // A group for each channel: [kh, kw, 1, C · mult] are the numbers of [kh, kw, C, mult].
  if (depth === 1 && groups > 1) {
    const kernelShape = [kh, kw, channels, outputs / channels] as const;
    addConvolution(operator, draft, options, input, {
      op: 'depthwiseConv2d',
      ...weights,
      kernelShape,
    });
    return;
  }
  addConvolution(operator, draft, options, input, {
    op: 'conv2d',
    ...weights,
    kernelShape: [kh, kw, depth, outputs],
    ...(groups > 1 && { groups }),
  });
}

/** kernel: [1, kh, kw, C · mult] */
export function depthwiseConvolution(operator: TfliteOperator, draft: GraphDraft): void {
  const { options } = schema.DEPTHWISE_CONV_2D;
  const input = inputOf(operator, draft);
  const { shape, values } = kernelOf(operator, draft, 4);
  const [, kh, kw, outputs] = shape;
  const channels = input.shape.at(-1)!;
  if (outputs % channels !== 0) {
    throw draft.unsupported(operator, `${outputs} outputs of ${channels} channels`);
  }
  addConvolution(operator, draft, options, input, {
    op: 'depthwiseConv2d',
    kernel: values,
    kernelShape: [kh, kw, channels, outputs / channels],
    bias: biasOf(operator, draft, outputs),
  });
}

function addConvolution(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: (typeof schema.CONV_2D | typeof schema.DEPTHWISE_CONV_2D)['options'],
  input: Made,
  weights: Pick<FloatWeightedNode, 'op' | 'kernel' | 'kernelShape' | 'bias'> & {
    readonly op: 'conv2d' | 'depthwiseConv2d';
    readonly groups?: number;
  },
): void {
  const [kh, kw] = weights.kernelShape;
  const dilations = dilationsOf(operator, draft, options);
  const window = dilatedWindow([kh, kw], dilations);
  const [output] = operator.outputs;
  draft.add(output, {
    ...baseOf(operator, draft, [input]),
    ...weights,
    strides: stridesOf(operator, draft, options),
    padding: paddingOf(operator, draft, options, input, window),
    ...(dilations.some((rate) => rate !== 1) && { dilations }),
    activation: withRange(fused(operator, draft, options), draft.tensor(output)),
  });
}

/** Inputs: the output's shape, the kernel [M, kh, kw, C], the image, and biases where there are some. */
export function transposedConvolution(operator: TfliteOperator, draft: GraphDraft): void {
  const { options } = schema.TRANSPOSE_CONV;
  const input = inputOf(operator, draft, 2);
  const { shape, values } = kernelOf(operator, draft, 4);
  const [outputs, kh, kw, depth] = shape;
  const code = operator.options(options, 'padding');
  if (code !== schema.PADDING.same && code !== schema.PADDING.valid) {
    throw draft.unsupported(operator, `its padding (number ${code})`);
  }
  const [output] = operator.outputs;
  const strides = stridesOf(operator, draft, options);
  const size = draft.tensor(output).shape.slice(1);
  const kind = code === schema.PADDING.same ? 'same' : 'valid';
  const biases = {
    ...operator,
    inputs: [...operator.inputs.slice(0, 2), operator.inputs[3] ?? -1],
  };
  draft.add(output, {
    ...baseOf(operator, draft, [input]),
    op: 'transposedConv2d',
    kernel: outputsLast(values, outputs),
    kernelShape: [kh, kw, depth, outputs],
    bias: biasOf(biases, draft, outputs),
    strides,
    ...transposedPlacement(input.shape, size, [kh, kw], strides, kind),
    activation: withRange(fused(operator, draft, options), draft.tensor(output)),
  });
}

/** weights: [M, K] */
export function fullyConnected(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { shape, values } = kernelOf(operator, draft, 2);
  const [outputs, depth] = shape;
  const [output] = operator.outputs;
  const base = baseOf(operator, draft, [input]);
  const common = {
    kernel: outputsLast(values, outputs),
    kernelShape: [1, 1, depth, outputs] as const,
    bias: biasOf(operator, draft, outputs),
    strides: [1, 1] as const,
    padding: NO_PADDING,
    activation: withRange(
      fused(operator, draft, schema.FULLY_CONNECTED.options),
      draft.tensor(output),
    ),
  };
  const keepsShape = operator.options(schema.FULLY_CONNECTED_SHAPE, 'keepDims') !== 0;
  if (elements(input.shape) === depth) {
    const keepDims = keepsShape && input.shape.length === 3;
    draft.add(output, { ...base, ...common, op: 'fullyConnected', ...(keepDims && { keepDims }) });
    return;
  }
  // The same of each position.
  if (!keepsShape || input.shape.length !== 3 || input.shape[2] !== depth) {
    throw draft.unsupported(operator, `weights of ${depth} values for [${input.shape}]`);
  }
  draft.add(output, { ...base, ...common, op: 'conv2d' });
}

/** [M, …] → […, M] */
function outputsLast(values: Float32Array, outputs: number): Float32Array {
  const inner = values.length / outputs;
  const moved = new Float32Array(values.length);
  for (let m = 0; m < outputs; m++) {
    for (let k = 0; k < inner; k++) moved[k * outputs + m] = values[m * inner + k];
  }
  return moved;
}

export function pool(op: 'averagePool2d' | 'maxPool2d'): ReadOperator {
  const { options } = schema.MAX_POOL_2D;
  return (operator, draft) => {
    const input = inputOf(operator, draft);
    const windowShape = [
      positive(operator, draft, options, 'filterHeight'),
      positive(operator, draft, options, 'filterWidth'),
    ] as const;
    const node: FloatNode = {
      ...baseOf(operator, draft, [input]),
      op,
      windowShape,
      strides: stridesOf(operator, draft, options),
      padding: paddingOf(operator, draft, options, input, windowShape),
    };
    addWith(operator, draft, node, fused(operator, draft, options));
  };
}
