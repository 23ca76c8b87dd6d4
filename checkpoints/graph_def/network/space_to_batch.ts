/**
 * Dilated convolutions as TensorFlow 1 spells them: every rows-th row and columns-th column of the padded image
 * becomes an image of its own, a convolution runs over these, and the results are put together and cropped.
 */
import type { FlatNode } from './flatten.ts';
import type { GraphTensor } from './tensor_proto.ts';

export interface SpaceToBatch {
  /** The convolution between the two. */
  readonly convolution: FlatNode;
  /** What is divided. */
  readonly x: FlatNode['inputs'][number];
  /** Rows and columns from one tap to the next. */
  readonly dilations: readonly [number, number];
  /** Zeros around the image, less what is cropped of the result: [[top, bottom], [left, right]]. */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  /** Nodes before the last: no one else reads them. */
  readonly inner: readonly FlatNode[];
}

interface Surroundings {
  readonly constants: ReadonlyMap<FlatNode, GraphTensor>;
  readersOf(node: FlatNode): number;
}

const CONVOLUTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative', '_FusedConv2D']);

/** The dilated convolution that ends in `node`; undefined where it ends in none. */
export function dilatedConvolutionEndingIn(
  node: FlatNode,
  { constants, readersOf }: Surroundings,
): SpaceToBatch | undefined {
  if (node.op !== 'BatchToSpaceND') return undefined;
  const convolution = node.inputs[0]?.node;
  const divided = convolution?.inputs[0]?.node;
  const x = divided?.inputs[0];
  if (convolution === undefined || divided?.op !== 'SpaceToBatchND' || x === undefined) {
    return undefined;
  }
  const { attributes } = convolution;
  const steps = [
    ...(attributes.integers('strides') ?? []),
    ...(attributes.integers('dilations') ?? []),
  ];
  const isPlain =
    CONVOLUTIONS.has(convolution.op) &&
    attributes.text('padding') === 'VALID' &&
    steps.every((step) => step === 1) &&
    readersOf(convolution) === 1 &&
    readersOf(divided) === 1;
  const numbers = (of: FlatNode, index: number) => {
    const from = of.inputs[index]?.node;
    return [...((from && constants.get(from)?.values) ?? [])];
  };
  const [blocks, pads] = [numbers(divided, 1), numbers(divided, 2)];
  const [joined, crops] = [numbers(node, 1), numbers(node, 2)];
  if (!isPlain || blocks.length !== 2 || blocks.join() !== joined.join()) return undefined;
  if (pads.length !== 4 || crops.length !== 4) return undefined;
  // A convolution of stride 1 makes a row for each row of its image: what is cropped needs no padding.
  const [top, bottom, left, right] = pads.map((pad, side) => pad - crops[side]);
  if (Math.min(top, bottom, left, right) < 0) return undefined;
  return {
    convolution,
    x,
    dilations: [blocks[0], blocks[1]],
    padding: [
      [top, bottom],
      [left, right],
    ],
    inner: [divided, convolution],
  };
}
