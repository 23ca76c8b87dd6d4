/** What the attributes of convolutions and pools mean, and what of it TF8 has not. */
import type { PaddingScheme } from '../../../architectures/conv_layer.ts';
import { swapLast, transposedSize } from '../../../architectures/graph/transposed_window.ts';
import { dilatedWindow } from '../../../architectures/graph/window.ts';
import type { FlatNode } from './flatten.ts';
import { UnsupportedNodeError } from './graph_source.ts';
import { type ConvStep, type PoolStep, type Step, windowedSize } from './network.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** What comes with a fused convolution, in order. */
export type FusedOp = 'BiasAdd' | 'Relu' | 'Relu6' | 'Prelu';

const MAX_STRIDE = 1024;

/**
 * What is fused into a convolution: a bias, a ReLU, ReLU6 or PReLU, or first the one and then the other.
 * @throws UserError naming the node for anything else
 */
export function fusedOps(node: FlatNode, fileName: string): FusedOp[] {
  const ops = node.attributes.texts('fused_ops') ?? [];
  const isKnown = /^(BiasAdd)?,?(Relu6?|Prelu)?$/.test(ops.join());
  if (!isKnown) {
    throw new UnsupportedNodeError(
      node,
      fileName,
      `fused with ${ops.join(', ')}; it has BiasAdd, then Relu, Relu6 or Prelu`,
    );
  }
  return ops as FusedOp[];
}

/** The zeros that `EXPLICIT` padding puts around an image; undefined for "same" and "valid". */
export function paddingBefore(
  node: FlatNode,
  fileName: string,
): [[number, number], [number, number]] | undefined {
  const { attributes } = node;
  if (attributes.text('padding') !== 'EXPLICIT') return undefined;
  const sides = attributes.integers('explicit_paddings') ?? [];
  const [n0, n1, top, bottom, left, right, c0, c1] = sides;
  if (sides.length !== 8 || [n0, n1, c0, c1].some((side) => side !== 0)) {
    throw new UnsupportedNodeError(node, fileName, `the padding [${sides}]`);
  }
  return [
    [top, bottom],
    [left, right],
  ];
}

/**
 * A convolution or matrix product as a step.
 * @param weights [kh, kw, C, M], [kh, kw, C, multiplier] or [K, M]
 * @param spelledOut the dilations, where other nodes than this one tell them
 */
export function convolutionOf(
  node: FlatNode,
  x: Step,
  weights: GraphTensor & { readonly values: Float32Array },
  fileName: string,
  spelledOut?: readonly [number, number],
): ConvStep {
  const { shape: kernelShape, values: kernel } = weights;
  const base = { name: node.name, inputs: [x.name], kernel, kernelShape, bias: undefined };
  const depth = x.shape.at(-1)!;
  if (node.op.endsWith('MatMul')) {
    const { attributes } = node;
    if (attributes.flag('transpose_a') || attributes.flag('transpose_b')) {
      throw new UnsupportedNodeError(node, fileName, 'transposed inputs');
    }
    if (x.shape.length !== 1 || kernelShape.length !== 2 || kernelShape[0] !== depth) {
      throw misfit(node, fileName, x, kernelShape);
    }
    const shape = [kernelShape[1]];
    return { ...base, op: 'dense', shape, strides: [1, 1], padding: 'valid' };
  }
  const isDepthwise = node.op.includes('Depthwise');
  const groups = isDepthwise ? 1 : depth / kernelShape[2];
  const isWhole = isDepthwise
    ? kernelShape[2] === depth
    : Number.isInteger(groups) && kernelShape[3] % groups === 0;
  if (x.shape.length !== 3 || kernelShape.length !== 4 || !isWhole) {
    throw misfit(node, fileName, x, kernelShape);
  }
  const { strides, padding } = windowOf(node, fileName);
  const [height, width, , last] = kernelShape;
  const dilations = spelledOut ?? dilationsOf(node, strides, fileName);
  const window = dilatedWindow([height, width], dilations);
  return {
    ...base,
    op: isDepthwise ? 'depthwiseConv2d' : 'conv2d',
    shape: [...windowedSize(x.shape, window, strides, padding), isDepthwise ? depth * last : last],
    strides,
    padding,
    ...(dilations && { dilations }),
    ...(groups > 1 && { groups }),
  };
}

/**
 * A transposed convolution as a step.
 * @param weights [kh, kw, M, C]
 * @param size [H', W'] of the output, where it is known
 */
export function transposedConvolutionOf(
  node: FlatNode,
  x: Step,
  { shape: stored, values }: GraphTensor & { readonly values: Float32Array },
  size: readonly number[] | undefined,
  fileName: string,
): ConvStep {
  const [height, width, filters, depth] = stored;
  if (x.shape.length !== 3 || stored.length !== 4 || depth !== x.shape[2]) {
    throw misfit(node, fileName, x, stored);
  }
  const { strides, padding } = windowOf(node, fileName);
  const dilations = node.attributes.integers('dilations') ?? [];
  const window = [height, width] as const;
  const own = size ?? transposedSize(x.shape, window, strides, padding);
  // Of an image of that size, the convolution makes x.
  const [rows, columns] = windowedSize(own, window, strides, padding);
  const isOfImage = rows === x.shape[0] && columns === x.shape[1];
  if (!isOfImage || dilations.some((rate) => rate !== 1)) {
    const what = isOfImage ? `the dilations [${dilations}]` : `an output of [${own}]`;
    throw new UnsupportedNodeError(node, fileName, `${what} of [${x.shape}]`);
  }
  return {
    op: 'transposedConv2d',
    name: node.name,
    inputs: [x.name],
    shape: [own[0], own[1], filters],
    kernel: swapLast(values, filters, depth),
    kernelShape: [height, width, depth, filters],
    bias: undefined,
    strides,
    padding,
  };
}

/** An average or maximum pool as a step. */
export function poolOf(node: FlatNode, x: Step, fileName: string): PoolStep {
  const sizes = node.attributes.integers('ksize') ?? [];
  const [batch, height, width, channels] = sizes;
  const isWindow = [height, width].every((side) => side >= 1 && side <= MAX_STRIDE);
  if (x.shape.length !== 3 || batch !== 1 || channels !== 1 || !isWindow) {
    throw new UnsupportedNodeError(node, fileName, `the window [${sizes}] over [${x.shape}]`);
  }
  const { strides, padding } = windowOf(node, fileName);
  const window = [height, width] as const;
  return {
    op: node.op === 'MaxPool' ? 'maxPool2d' : 'averagePool2d',
    name: node.name,
    inputs: [x.name],
    shape: [...windowedSize(x.shape, window, strides, padding), x.shape[2]],
    window,
    strides,
    padding,
  };
}

/** Rows and columns from one tap to the next; undefined where both are 1. TensorFlow has them at strides of 1. */
function dilationsOf(
  node: FlatNode,
  strides: readonly [number, number],
  fileName: string,
): readonly [number, number] | undefined {
  const dilations = node.attributes.integers('dilations') ?? [];
  if (dilations.every((dilation) => dilation === 1)) return undefined;
  const [batch, rows, columns, channels] = dilations;
  const isDilation = [rows, columns].every((rate) => rate >= 1 && rate <= MAX_STRIDE);
  if (batch !== 1 || channels !== 1 || !isDilation || strides.join() !== '1,1') {
    throw new UnsupportedNodeError(
      node,
      fileName,
      `the dilations [${dilations}] at strides [${strides}]`,
    );
  }
  return [rows, columns];
}

function windowOf(
  node: FlatNode,
  fileName: string,
): { strides: readonly [number, number]; padding: PaddingScheme } {
  const { attributes } = node;
  const format = attributes.text('data_format') ?? 'NHWC';
  if (format !== 'NHWC')
    throw new UnsupportedNodeError(node, fileName, `the data format ${format}`);
  const strides = attributes.integers('strides') ?? [];
  const [batch, rows, columns, channels] = strides;
  const isStride = [rows, columns].every((stride) => stride >= 1 && stride <= MAX_STRIDE);
  if (batch !== 1 || channels !== 1 || !isStride) {
    throw new UnsupportedNodeError(node, fileName, `the strides [${strides}]`);
  }
  const paddings: Readonly<Record<string, PaddingScheme>> = {
    SAME: 'same',
    VALID: 'valid',
    EXPLICIT: 'valid',
  };
  const name = attributes.text('padding') ?? '';
  if (!Object.hasOwn(paddings, name)) {
    throw new UnsupportedNodeError(node, fileName, `the padding "${name}"`);
  }
  return { strides: [rows, columns], padding: paddings[name] };
}

function misfit(node: FlatNode, fileName: string, x: Step, kernelShape: readonly number[]) {
  return new UnsupportedNodeError(node, fileName, `weights of [${kernelShape}] over [${x.shape}]`);
}
