import * as z from 'zod';
import { expected, QuantizationError } from '../params/errors.ts';
import { requireZeroPoint } from '../params/quantization.ts';
import type { ActivationKind } from '../params/requantization.ts';
import { elements } from '../params/shape.ts';
import { requireBounds, requireDisjoint, requireLength, requirePositive } from './check.ts';
import type { NodeTensors } from './operation.ts';
import { ActivationField, NODE_FIELDS } from './schema.ts';
import type { ImageShape, NodeBase, TensorSpec } from './tensor.ts';

/** What operations of two tensors, element by element, have in common. */

/** Its second input has the shape of the first, or is [1, 1, C]: then it meets every position. */
export interface ElementwiseNode<Op extends string> extends NodeBase<Op> {
  readonly activation: ActivationKind;
}

export interface ElementwiseCall {
  /** [rows, columns] uint8 */
  readonly a: Uint8Array;
  /** [rows / share, columns] uint8: rows of `a` that follow each other share a row. */
  readonly b: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly share: number;
  readonly aZeroPoint: number;
  readonly bZeroPoint: number;
  readonly outputZeroPoint: number;
  readonly low: number;
  readonly high: number;
  /** [rows, columns] uint8 */
  readonly output: Uint8Array;
}

/** The fields of a node of two tensors in a file. */
export function elementwiseHeader<Op extends string>(op: Op) {
  return z.strictObject({ ...NODE_FIELDS, op: z.literal(op), activation: ActivationField });
}

export function elementwiseShape(
  { name, op }: NodeBase,
  [{ shape }, { shape: second }]: readonly TensorSpec[],
): ImageShape {
  if (!isSame(shape, second) && !isSame([1, 1, shape[2]], second)) {
    throw new QuantizationError(
      `Expected [${shape}] or [1,1,${shape[2]}] for the second input of ${name} (${op}) but received [${second}]`,
    );
  }
  return shape;
}

/** What every call of two tensors has; the zero points and how rows meet. */
export function elementwiseCall({
  batch,
  inputs: [a, b],
  output,
}: NodeTensors): Pick<
  ElementwiseCall,
  'a' | 'b' | 'rows' | 'columns' | 'share' | 'aZeroPoint' | 'bZeroPoint' | 'output'
> {
  const [height, width, channels] = a.shape;
  const isWhole = isSame(a.shape, b.shape);
  return {
    a: a.data,
    b: b.data,
    rows: batch * height * (isWhole ? 1 : width),
    columns: isWhole ? width * channels : channels,
    share: isWhole ? 1 : height * width,
    aZeroPoint: a.quantization.zeroPoint,
    bZeroPoint: b.quantization.zeroPoint,
    output,
  };
}

/** All but the multipliers. */
export function checkElementwise(call: ElementwiseCall): void {
  const { rows, columns, share } = call;
  requirePositive('rows', rows);
  requirePositive('columns', columns);
  requirePositive('share', share);
  if (rows % share !== 0) throw expected(`a multiple of share = ${share}`, 'rows', rows);
  requireLength('a', call.a, rows * columns);
  requireLength('b', call.b, (rows / share) * columns);
  requireLength('output', call.output, rows * columns);
  requireZeroPoint('aZeroPoint', call.aZeroPoint);
  requireZeroPoint('bZeroPoint', call.bZeroPoint);
  requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
  requireBounds(call.low, call.high);
  requireDisjoint('a', call.a, call.output);
  requireDisjoint('b', call.b, call.output);
}

/** The reference kernel: `byteOf` the differences of two elements from their zero points. */
export function computeElementwise(
  call: ElementwiseCall,
  byteOf: (a: number, b: number) => number,
): void {
  const { a, b, rows, columns, share, aZeroPoint, bZeroPoint, output } = call;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const second = b[Math.floor(row / share) * columns + column];
      output[at] = byteOf(a[at] - aZeroPoint, second - bZeroPoint);
    }
  }
}

function isSame(shape: ImageShape, other: ImageShape): boolean {
  return elements(shape) === elements(other) && shape.every((side, axis) => side === other[axis]);
}
