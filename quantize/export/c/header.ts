import { byName } from '../../model/by_name.ts';
import {
  isVector,
  isWeighted,
  outputNames,
  outputNode,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
} from '../../model/tf8_model.ts';
import { concatAxis } from '../../ops/concat.ts';
import { type Nodes, type NodeTable, ofNode } from '../../ops/table.ts';
import { addition } from '../../params/addition.ts';
import { arrangementMap } from '../../params/arrangement.ts';
import { QuantizationError } from '../../params/errors.ts';
import type { ActivationKind } from '../../params/requantization.ts';
import { elements } from '../../params/shape.ts';
import { UNDILATED } from '../../params/window.ts';
import { modelDescription } from '../description.ts';
import { outputLabels } from '../labels.ts';
import { commentText, floatLiteral, numberLines, stringLiteral } from './literals.ts';

/** What a header begins with. */
export const HEADER_START = '/* A TF8 network as constants of C99, written by "tf8 export".\n';
/** In front of the head of the TF8 file, in base64. */
export const HEAD_START = '\n/* TF8_HEAD\n';
export const HEAD_END = '\n*/\n';

/** The declarations in front of the brace of a node's weights and biases. */
export const WEIGHTS_START = 'static const uint8_t tf8_weights_';
export const BIAS_START = 'static const int32_t tf8_bias_';

/** Positions whose bytes, and half of their number, add up to less than 2³². */
const MAX_POSITIONS = 2 ** 24;

/**
 * A network as constants of C: `tf8_tensors` (the input first, then each node's output), `tf8_nodes`,
 * `tf8_outputs` (indices of tensors), `tf8_labels` (of the tensor TF8_CLASSES), and an array for each node's weights, biases and output.
 * @param types the declarations of the types (`types.h`)
 * @param head the TF8 file's, in base64
 * @throws QuantizationError naming a pool with too large a window
 */
export function cHeader(model: Tf8Model, types: string, head: string): string {
  const specs = [...tensorSpecs(model)];
  const indices = new Map(specs.map(([name], index) => [name, index]));
  const { name, output } = outputNode(model);
  const { channels } = shapeOf(output);
  const labels = outputLabels(model) ?? Array<string>(channels).fill('');
  const outputs = outputNames(model).map((each) => byName(indices, each));
  // Tensor 0 is the network's input: no output has classes.
  const classes = isVector(output) ? byName(indices, name) : 0;
  const parts = [
    `${HEADER_START} * ${commentText(modelDescription(model))} */`,
    '#ifndef TF8_MODEL_H\n#define TF8_MODEL_H\n',
    types,
    `static const char tf8_description[] = ${stringLiteral(modelDescription(model))};`,
    `enum { TF8_NODES = ${model.nodes.length}, TF8_MAX_CHANNELS = ${Math.max(...specs.map(([, { shape }]) => shape[2]))}, TF8_OUTPUTS = ${outputs.length}, TF8_CLASSES = ${classes} };\n`,
    ...specs.map(([, { shape }], index) => `static uint8_t tf8_data_${index}[${elements(shape)}];`),
    '\nstatic const tf8_tensor tf8_tensors[] = {',
    ...specs.map(([name, spec], index) => tensorEntry(name, spec, index)),
    '};\n',
    ...model.nodes.flatMap((node, index) =>
      nodeArrays(node, index, indices, specs[byName(indices, node.inputs[0])][1]),
    ),
    'static const tf8_node tf8_nodes[TF8_NODES] = {',
    ...model.nodes.map((node, index) =>
      nodeEntry(
        node,
        index,
        node.inputs.map((name) => specs[byName(indices, name)][1]),
      ),
    ),
    '};\n',
    `static const int32_t tf8_outputs[TF8_OUTPUTS] = {${outputs.join(', ')}};\n`,
    `static const char *const tf8_labels[${channels}] = {`,
    ...labels.map((label) => `  ${stringLiteral(label)},`),
    '};',
    `${HEAD_START}${head.replace(/.{100}/g, '$&\n')}${HEAD_END}`,
    '#endif\n',
  ];
  return parts.join('\n');
}

function shapeOf({ shape: [height, width, channels] }: TensorSpec) {
  return { height, width, channels };
}

/** A struct's members that are not 0. */
function members(values: Readonly<Record<string, string | number>>): string {
  const present = Object.entries(values).filter(([, value]) => value !== 0);
  return `{${present.map(([name, value]) => `.${name} = ${value}`).join(', ')}}`;
}

function tensorEntry(name: string, spec: TensorSpec, index: number): string {
  const { scale, zeroPoint } = spec.quantization;
  return `  ${members({
    name: stringLiteral(name),
    ...shapeOf(spec),
    scale: floatLiteral(scale),
    zero_point: zeroPoint,
    data: `tf8_data_${index}`,
  })},`;
}

function nodeArrays(
  node: Tf8Node,
  index: number,
  indices: ReadonlyMap<string, number>,
  input: TensorSpec,
): string[] {
  const inputs = node.inputs.map((input) => byName(indices, input));
  const arrays = [
    `/* ${commentText(node.name)} */`,
    `static const int32_t tf8_inputs_${index}[] = {${inputs.join(', ')}};`,
  ];
  if (isWeighted(node)) {
    const { weights, bias } = node;
    // A sound model's biases lie above −2³¹: with them its accumulators stay in ±(2³¹ − 1).
    arrays.push(
      `${WEIGHTS_START}${index}[${weights.data.length}] = {\n${numberLines(weights.data)}};`,
      `${BIAS_START}${index}[${bias.length}] = {\n${numberLines(bias)}};`,
    );
  }
  if (node.op === 'lookup') {
    arrays.push(`static const uint8_t tf8_table_${index}[256] = {\n${numberLines(node.table)}};`);
  }
  if (node.op === 'rearrange') {
    const map = arrangementMap(node.arrangement, input.shape, node.output.shape);
    const { sizes, strides, begins, ends, offset } = map;
    const loops = [sizes, strides, begins, ends].map((each) => `{${each.join(', ')}}`);
    arrays.push(`static const tf8_map tf8_map_${index} = {${[...loops, offset].join(', ')}};`);
  }
  return [...arrays, ''];
}

function nodeEntry(node: Tf8Node, index: number, [input, second]: readonly TensorSpec[]): string {
  return `  ${members({
    ...ofNode(OPERATIONS, node, input, second),
    inputs: `tf8_inputs_${index}`,
    input_count: node.inputs.length,
    // Tensor 0 is the network's input.
    output: index + 1,
    ...(node.op === 'rearrange' && { map: `&tf8_map_${index}` }),
    ...(node.op === 'lookup' && { table: `tf8_table_${index}` }),
    ...(isWeighted(node) && {
      activation: activationName(node.activation),
      weights: `tf8_weights_${index}`,
      weights_scale: floatLiteral(node.weights.quantization.scale),
      weights_zero_point: node.weights.quantization.zeroPoint,
      bias: `tf8_bias_${index}`,
    }),
  })},`;
}

const OPERATIONS: NodeTable<
  [input: TensorSpec, second: TensorSpec | undefined],
  Readonly<Record<string, string | number>>
> = {
  conv2d: (node) => ({ op: 'TF8_CONV_2D', ...convolutionOf(node) }),
  depthwiseConv2d: (node) => ({ op: 'TF8_DEPTHWISE_CONV_2D', ...convolutionOf(node) }),
  // The window is as large as the image.
  fullyConnected: (_node, { shape: [height, width] }) => ({
    op: 'TF8_CONV_2D',
    ...windowOf([height, width]),
    ...dilationOf(UNDILATED),
  }),
  averagePool2d(node) {
    requireSum(node.name, node.windowShape);
    return { op: 'TF8_AVERAGE_POOL_2D', ...windowOf(node.windowShape, node) };
  },
  maxPool2d: (node) => ({ op: 'TF8_MAX_POOL_2D', ...windowOf(node.windowShape, node) }),
  globalAveragePool({ name }, { shape: [height, width] }) {
    requireSum(name, [height, width]);
    return { op: 'TF8_AVERAGE_POOL_2D', ...windowOf([height, width]) };
  },
  concat: (node) => ({
    op: 'TF8_CONCAT',
    runs: elements(node.output.shape.slice(0, concatAxis(node))),
  }),
  rearrange: () => ({ op: 'TF8_REARRANGE' }),
  lookup: () => ({ op: 'TF8_LOOKUP' }),
  add: sumOf,
  subtract: sumOf,
  // Its weights, so to speak, are the second input.
  multiply: ({ activation }, _input, second) => ({
    op: 'TF8_MULTIPLY',
    activation: activationName(activation),
    weights_scale: floatLiteral(second!.quantization.scale),
  }),
};

function sumOf(
  node: Nodes['add' | 'subtract'],
  { quantization: a }: TensorSpec,
  second: TensorSpec | undefined,
) {
  const sign = node.op === 'add' ? 1 : -1;
  const { scale } = node.output.quantization;
  const { aMultiplier, bMultiplier, shift } = addition(
    a.scale,
    second!.quantization.scale,
    scale,
    sign,
  );
  return {
    op: 'TF8_ADD',
    activation: activationName(node.activation),
    multipliers: `{${aMultiplier}, ${bMultiplier}}`,
    shift,
  };
}

function activationName(activation: ActivationKind): string {
  return `TF8_${activation.toUpperCase()}`;
}

function convolutionOf(node: Nodes['conv2d' | 'depthwiseConv2d']) {
  const [height, width] = node.weights.shape;
  return { ...windowOf([height, width], node), ...dilationOf(node.dilations ?? UNDILATED) };
}

function dilationOf([dilation_height, dilation_width]: readonly [number, number]) {
  return { dilation_height, dilation_width };
}

function windowOf(
  [height, width]: readonly [number, number],
  placed?: Pick<Extract<Tf8Node, { strides: unknown }>, 'strides' | 'padding'>,
) {
  const { strides = [1, 1], padding } = placed ?? {};
  return {
    window_height: height,
    window_width: width,
    stride_height: strides[0],
    stride_width: strides[1],
    padding_top: padding?.top ?? 0,
    padding_left: padding?.left ?? 0,
  };
}

function requireSum(name: string, [height, width]: readonly [number, number]): void {
  if (height * width <= MAX_POSITIONS) return;
  throw new QuantizationError(
    `Expected a pool over at most ${MAX_POSITIONS} positions, whose sum fits 32 bits, for ${name} but its window is ${height} × ${width}`,
    { remedy: 'Export in another format.' },
  );
}
