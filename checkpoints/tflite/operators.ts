/** Operators of a `.tflite` file as nodes of a float graph. */
import type { FloatNode, FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
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
import { type Pairwise, pairwiseMap } from '../pairwise_map.ts';
import {
  approximateGelu,
  atLeast,
  atMost,
  FUNCTIONS,
  FUSED,
  leakyRelu,
  ofAffine,
} from '../activation_functions.ts';
import type { TfliteConstant } from './constants.ts';
import type { GraphDraft, Made } from './graph_draft.ts';
import type { TfliteOperator, TfliteTensor } from './tflite_file.ts';

/** Adds an operator's nodes to a graph. */
type ReadOperator = (operator: TfliteOperator, draft: GraphDraft) => void;

const OPERATORS: Readonly<Record<string, ReadOperator>> = {
  ADD: arithmetic('add', schema.ADD.options),
  AVERAGE_POOL_2D: pool('averagePool2d'),
  CONCATENATION: concatenation,
  CONV_2D: convolution,
  DEPTH_TO_SPACE: blocks('depthToSpace'),
  DEPTHWISE_CONV_2D: depthwiseConvolution,
  DEQUANTIZE: same,
  DIV: arithmetic('divide', schema.ADD.options),
  EXPAND_DIMS: reshape,
  FULLY_CONNECTED: fullyConnected,
  GELU: gelu,
  LEAKY_RELU: (operator, draft) =>
    addFunction(operator, draft, leakyRelu(operator.options(schema.LEAKY_RELU_SLOPE, 'alpha'))),
  MAX_POOL_2D: pool('maxPool2d'),
  MAXIMUM: extreme('maximum', atLeast),
  MEAN: reduction('mean'),
  MINIMUM: extreme('minimum', atMost),
  MUL: arithmetic('multiply', schema.MUL.options),
  PAD: pad,
  PADV2: pad,
  PRELU: prelu,
  QUANTIZE: same,
  RESHAPE: reshape,
  RESIZE_BILINEAR: resize('bilinear', schema.RESIZE_BILINEAR.options),
  RESIZE_NEAREST_NEIGHBOR: resize('nearest', schema.RESIZE_NEAREST_NEIGHBOR.options),
  SLICE: slice,
  SOFTMAX: softmax,
  SPACE_TO_DEPTH: blocks('spaceToDepth'),
  SPLIT: split,
  SQUEEZE: reshape,
  SUB: arithmetic('subtract', schema.SUB.options),
  SUM: reduction('sum'),
  TRANSPOSE: transpose,
  TRANSPOSE_CONV: transposedConvolution,
};

/**
 * Adds the nodes of one operator. What only computes shapes is left out: a file has the shapes.
 * @throws UserError naming an operator that no float graph can hold
 */
export function readOperator(operator: TfliteOperator, draft: GraphDraft): void {
  if (draft.makesIntegers(operator)) return;
  const read = Object.hasOwn(OPERATORS, operator.name) ? OPERATORS[operator.name] : undefined;
  if (read !== undefined) {
    read(operator, draft);
    return;
  }
  if (!Object.hasOwn(FUNCTIONS, operator.name)) throw draft.unsupported(operator);
  addFunction(operator, draft, FUNCTIONS[operator.name]);
}

/** The operator's input that is computed. */
function inputOf(operator: TfliteOperator, draft: GraphDraft, at = 0): Made {
  const made = draft.find(operator.inputs[at]);
  if (made !== undefined) return made;
  throw draft.unsupported(operator, `${operator.name} of what the images do not come into`);
}

function constantOf(
  operator: TfliteOperator,
  draft: GraphDraft,
  at: number,
  what: string,
): TfliteConstant {
  const constant = draft.constant(operator.inputs[at]);
  if (constant !== undefined) return constant;
  throw draft.unsupported(
    operator,
    `${what} that ${at < operator.inputs.length ? 'are computed' : 'are missing'}`,
  );
}

/** What every node of an operator has. */
function baseOf(operator: TfliteOperator, draft: GraphDraft, inputs: readonly Made[]) {
  return {
    name: draft.nameOf(operator.outputs[0]),
    inputs: inputs.map(({ name }) => name),
    className: operator.name,
  };
}

/** Adds a node and, where it brings one along that it cannot hold, its activation. */
function addWith(
  operator: TfliteOperator,
  draft: GraphDraft,
  node: FloatNode,
  activation: Activation,
): void {
  const [output] = operator.outputs;
  if (activation === 'linear') {
    draft.add(output, node);
    return;
  }
  const { name, className } = node;
  const inner = { ...node, name: `${name}/${node.op}` };
  draft.add(output, inner, {
    op: 'activation',
    name,
    inputs: [inner.name],
    ...(className !== undefined && { className }),
    activation,
  });
}

function addFunction(operator: TfliteOperator, draft: GraphDraft, activation: Activation): void {
  const base = baseOf(operator, draft, [inputOf(operator, draft)]);
  draft.add(operator.outputs[0], { ...base, op: 'activation', activation });
}

function fused(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema & { readonly activation: readonly [number, 'int8'] },
): Activation {
  const code = operator.options(options, 'activation');
  const activation = FUSED[code];
  if (activation === undefined)
    throw draft.unsupported(operator, `its activation (number ${code})`);
  return activation;
}

/** As far above 6, in steps of its scale, as a range may end that stands for [0, 6]. */
const STEPS_FROM_6 = 1.5;

/**
 * The activation of a layer, which a converter may have left to the output's range: a range from 0 on is
 * a ReLU, one from 0 to 6 a ReLU6.
 */
function withRange(activation: Activation, { quantization, type }: TfliteTensor): Activation {
  const isByte = type === schema.TENSOR_TYPE.uint8 || type === schema.TENSOR_TYPE.int8;
  if (activation !== 'linear' || quantization === undefined || !isByte) return activation;
  const {
    scale: [scale],
    zeroPoint: [zeroPoint],
  } = quantization;
  const low = type === schema.TENSOR_TYPE.int8 ? -128 : 0;
  if (zeroPoint !== low) return activation;
  return Math.abs(255 * scale - 6) <= STEPS_FROM_6 * scale ? 'relu6' : 'relu';
}

type Window = {
  readonly padding: readonly [number, 'int8'];
  readonly strideWidth: readonly [number, 'int32'];
  readonly strideHeight: readonly [number, 'int32'];
};

function positive(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema,
  name: string,
  otherwise?: number,
): number {
  const value = operator.options(options, name) || otherwise || 0;
  if (value > 0) return value;
  throw draft.unsupported(operator, `a ${name} of ${value}`);
}

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
function convolution(operator: TfliteOperator, draft: GraphDraft): void {
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
function depthwiseConvolution(operator: TfliteOperator, draft: GraphDraft): void {
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
function transposedConvolution(operator: TfliteOperator, draft: GraphDraft): void {
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

function prelu(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { shape, values } = constantOf(operator, draft, 1, 'slopes');
  const missing = Math.max(0, input.shape.length - shape.length);
  // The batch in front may be one of its sides.
  const own = [...Array<number>(missing).fill(1), ...shape].slice(-input.shape.length);
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'prelu',
    alpha: values,
    alphaShape: own,
  });
}

/** weights: [M, K] */
function fullyConnected(operator: TfliteOperator, draft: GraphDraft): void {
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

function pool(op: 'averagePool2d' | 'maxPool2d'): ReadOperator {
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

/** Over any axes but the batch's. */
function reduction(op: 'mean' | 'sum'): ReadOperator {
  return (operator, draft) => {
    const input = inputOf(operator, draft);
    const rank = input.shape.length + 1;
    const { values } = constantOf(operator, draft, 1, 'axes');
    const axes = [...new Set([...values].map((axis) => (axis < 0 ? axis + rank : axis)))].sort();
    if (axes.length === 0 || axes.some((axis) => !(axis >= 1 && axis < rank))) {
      throw draft.unsupported(
        operator,
        `the ${op} over the axes ${axes.join(', ')} of [N,${input.shape}]; the images stay apart`,
      );
    }
    const keepDims = operator.options(schema.REDUCER, 'keepDims') !== 0;
    const base = {
      ...baseOf(operator, draft, [input]),
      ...(keepDims && { keepDims }),
    };
    const isImage = op === 'mean' && rank === 4 && axes.join() === '1,2';
    const node: FloatNode = isImage
      ? { ...base, op: 'globalAveragePool' }
      : { ...base, op, axes: axes.map((axis) => axis - 1) };
    draft.add(operator.outputs[0], node);
  };
}

function concatenation(operator: TfliteOperator, draft: GraphDraft): void {
  const inputs = operator.inputs.map((_, at) => inputOf(operator, draft, at));
  const rank = inputs[0].shape.length + 1;
  const axis = operator.options(schema.CONCATENATION.options, 'axis');
  const fromEnd = axis < 0 ? axis : axis - rank;
  if (fromEnd >= 0 || fromEnd <= -rank) throw draft.unsupported(operator, `the axis ${axis}`);
  const node: FloatNode = { ...baseOf(operator, draft, inputs), op: 'concat', axis: fromEnd };
  addWith(operator, draft, node, fused(operator, draft, schema.CONCATENATION_ACTIVATION));
}

/** Zeros around the image, or channels of zeros: columns of zeros of the image turned, [H, C, W]. */
function pad(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { values } = constantOf(operator, draft, 1, 'paddings');
  const filled = operator.inputs.length > 2 ? constantOf(operator, draft, 2, 'values').values : [0];
  const [batchBefore, batchAfter, top, bottom, left, right, before, behind] = values;
  const isSound = [top, bottom, left, right, before, behind].every((side) => side >= 0);
  if (values.length !== 8 || batchBefore !== 0 || batchAfter !== 0 || !isSound || filled[0] !== 0) {
    throw draft.unsupported(operator, 'padding other than zeros around an image');
  }
  const [output] = operator.outputs;
  const base = baseOf(operator, draft, [input]);
  const { name } = base;
  const padding = { top, bottom, left, right };
  if (before === 0 && behind === 0) {
    draft.add(output, { ...base, op: 'pad', padding });
    return;
  }
  const turn = { ...base, op: 'transpose', permutation: [0, 2, 1] } as const;
  const [around, turned, wider] = [`${name}/around`, `${name}/turned`, `${name}/channels`];
  const channels = { ...NO_PADDING, left: before, right: behind };
  draft.add(
    output,
    { ...base, op: 'pad', name: around, padding },
    { ...turn, name: turned, inputs: [around] },
    { ...base, op: 'pad', name: wider, inputs: [turned], padding: channels },
    { ...turn, inputs: [wider] },
  );
}

/** To the shape that the file says the result has. */
function reshape(operator: TfliteOperator, draft: GraphDraft): void {
  const [output] = operator.outputs;
  // A shape that is a constant goes through to where it is read.
  if (draft.find(operator.inputs[0]) === undefined && draft.constant(operator.inputs[0])) {
    throw draft.unsupported(operator, `${operator.name} of a constant`);
  }
  const input = inputOf(operator, draft);
  const { shape } = draft.tensor(output);
  const count = elements(input.shape);
  // The batch in front may have been squeezed away.
  const target = elements(shape.slice(1)) === count ? shape.slice(1) : shape;
  if (elements(target) !== count || target.length === 0) {
    throw draft.unsupported(operator, `[N,${input.shape}] as [${shape}]`);
  }
  draft.add(output, { ...baseOf(operator, draft, [input]), op: 'reshape', target });
}

function resize(
  method: 'bilinear' | 'nearest',
  options: typeof schema.RESIZE_BILINEAR.options | typeof schema.RESIZE_NEAREST_NEIGHBOR.options,
): ReadOperator {
  return (operator, draft) => {
    const { values } = constantOf(operator, draft, 1, 'sizes');
    const [height, width] = values;
    const isAligned = operator.options(options, 'alignCorners') !== 0;
    const isHalfPixel = operator.options(options, 'halfPixelCenters') !== 0;
    draft.add(operator.outputs[0], {
      ...baseOf(operator, draft, [inputOf(operator, draft)]),
      op: 'resize',
      size: [height, width],
      method,
      corners: isAligned ? 'aligned' : isHalfPixel ? 'halfPixel' : 'asymmetric',
    });
  };
}

/** Of the axes behind the batch, which stays in front. */
function transpose(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { values } = constantOf(operator, draft, 1, 'axes');
  const [first, ...axes] = values;
  if (first !== 0) throw draft.unsupported(operator, `the axes ${values.join(', ')}`);
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'transpose',
    permutation: axes.map((axis) => axis - 1),
  });
}

function blocks(op: 'spaceToDepth' | 'depthToSpace'): ReadOperator {
  return (operator, draft) => {
    const block = positive(operator, draft, schema.BLOCK, 'size');
    const base = baseOf(operator, draft, [inputOf(operator, draft)]);
    draft.add(operator.outputs[0], { ...base, op, block });
  };
}

/** Equal parts along an axis, an output each. */
function split(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft, 1);
  const rank = input.shape.length + 1;
  const { values } = constantOf(operator, draft, 0, 'axes');
  const axis = (values[0] < 0 ? values[0] + rank : values[0]) - 1;
  const part = input.shape[axis] / operator.outputs.length;
  if (!Number.isSafeInteger(part)) {
    throw draft.unsupported(operator, `${operator.outputs.length} parts of [N,${input.shape}]`);
  }
  operator.outputs.forEach((output, index) => {
    draft.add(output, {
      name: draft.nameOf(output),
      inputs: [input.name],
      className: operator.name,
      op: 'slice',
      begin: input.shape.map((_, at) => (at === axis ? index * part : 0)),
      size: input.shape.with(axis, part),
      strides: input.shape.map(() => 1),
    });
  });
}

/** Of each image: the batch stays whole. */
function slice(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const [first, ...begin] = constantOf(operator, draft, 1, 'beginnings').values;
  const [, ...sizes] = constantOf(operator, draft, 2, 'sizes').values;
  // −1 is all that follows.
  const size = sizes.map((count, axis) => (count === -1 ? input.shape[axis] - begin[axis] : count));
  if (first !== 0 || begin.length !== size.length || begin.some((at) => at < 0)) {
    throw draft.unsupported(operator, `a part from [${[first, ...begin]}] on`);
  }
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'slice',
    begin,
    size,
    strides: size.map(() => 1),
  });
}

function softmax(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const [output] = operator.outputs;
  const beta = operator.options(schema.SOFTMAX.options, 'beta') || 1;
  const base = baseOf(operator, draft, [input]);
  if (beta === 1) {
    draft.add(output, { ...base, op: 'softmax' });
    return;
  }
  const scaled = `${base.name}/beta`;
  draft.add(
    output,
    { ...base, name: scaled, op: 'activation', activation: ofAffine(beta, 0, 'linear') },
    { ...base, inputs: [scaled], op: 'softmax' },
  );
}

function gelu(operator: TfliteOperator, draft: GraphDraft): void {
  if (operator.options(schema.GELU_KIND, 'approximate') === 0) {
    throw draft.unsupported(operator, 'the exact GELU; it has the approximate one');
  }
  addFunction(operator, draft, approximateGelu());
}

/** Of two images, or of one and one number. */
function extreme(op: 'maximum' | 'minimum', make: (bound: number) => Activation): ReadOperator {
  return (operator, draft) => {
    const [first, second] = operator.inputs.map((index) => draft.find(index));
    if (first !== undefined && second !== undefined) {
      draft.add(operator.outputs[0], { ...baseOf(operator, draft, [first, second]), op });
      return;
    }
    const at = first === undefined ? 1 : 0;
    const { values } = constantOf(operator, draft, 1 - at, 'bounds');
    if (values.length !== 1) throw draft.unsupported(operator, `${values.length} bounds`);
    const base = baseOf(operator, draft, [inputOf(operator, draft, at)]);
    draft.add(operator.outputs[0], { ...base, op: 'activation', activation: make(values[0]) });
  };
}

/** Of two images; of one and a number, or one a channel. */
function arithmetic(
  op: Pairwise,
  options: FlatSchema & { readonly activation: readonly [number, 'int8'] },
): ReadOperator {
  return (operator, draft) => {
    const [a, b] = operator.inputs.map((index) => draft.find(index));
    const [output] = operator.outputs;
    const activation = withRange(fused(operator, draft, options), draft.tensor(output));
    if (a === undefined || b === undefined) {
      addAffine(operator, draft, op, activation);
      return;
    }
    if (op === 'divide') throw draft.unsupported(operator, 'the quotient of two images');
    draft.add(output, { ...baseOf(operator, draft, [a, b]), op, activation });
  };
}

function addAffine(
  operator: TfliteOperator,
  draft: GraphDraft,
  op: Pairwise,
  activation: Activation,
): void {
  const at = draft.find(operator.inputs[0]) === undefined ? 1 : 0;
  const input = inputOf(operator, draft, at);
  const constant = constantOf(operator, draft, 1 - at, 'numbers');
  const base = baseOf(operator, draft, [input]);
  const maps = [...constant.values].map((value) => pairwiseMap(op, value, at === 1));
  if (maps.some(({ scale, shift }) => !Number.isFinite(scale) || !Number.isFinite(shift))) {
    throw draft.unsupported(operator, 'a quotient by 0, or of a number by an image');
  }
  const [output] = operator.outputs;
  if (maps.length === 1) {
    const [{ scale, shift }] = maps;
    draft.add(output, {
      ...base,
      op: 'activation',
      activation: ofAffine(scale, shift, activation),
    });
    return;
  }
  const channels = input.shape.at(-1)!;
  if (maps.length !== channels || constant.shape.at(-1) !== channels) {
    throw draft.unsupported(operator, `a constant [${constant.shape}] with [N,${input.shape}]`);
  }
  const node: FloatNode = {
    ...base,
    op: 'batchNorm',
    axis: -1,
    gamma: Float32Array.from(maps, ({ scale }) => scale),
    beta: Float32Array.from(maps, ({ shift }) => shift),
    mean: new Float32Array(channels),
    variance: new Float32Array(channels).fill(1),
    epsilon: NO_EPSILON,
  };
  addWith(operator, draft, node, activation);
}

/** So small that 1 + ε is 1, as a single float and as a double. */
const NO_EPSILON = 1e-30;

/** The same real numbers in another type. */
function same(operator: TfliteOperator, draft: GraphDraft): void {
  const [from] = operator.inputs;
  if (draft.find(from) === undefined && draft.constant(from) === undefined) {
    throw draft.unsupported(operator, `${operator.name} of what nothing makes`);
  }
  draft.alias(from, operator.outputs[0]);
}
