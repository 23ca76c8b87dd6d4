import assert from 'node:assert/strict';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import type { KernelCall } from '../../../quantize/ops/table.ts';

export type { KernelCall };

/** The bytes that `kernels` write for a call, whose own `output` is left as it is; an element that they leave out keeps `unwritten`. */
export function run(kernels: Kernels, { op, call }: KernelCall, unwritten = 0xa5): Uint8Array {
  const output = new Uint8Array(call.output.length).fill(unwritten);
  kernels.run({ op, call: { ...call, output } } as KernelCall);
  return output;
}

/** Fails with the coordinate [n, y, x, c] (or [row, column]) of the first byte that differs. */
export function assertSameBytes(
  kernelCall: KernelCall,
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
): void {
  assert.equal(received.length, expected.length, 'number of output bytes');
  let differing = 0;
  let first = -1;
  for (let i = 0; i < expected.length; i++) {
    if (received[i] === expected[i]) continue;
    if (first < 0) first = i;
    differing++;
  }
  if (differing === 0) return;
  const shape = outputShape(kernelCall);
  assert.fail(
    `${kernelCall.op}: ${differing} of ${expected.length} bytes of output [${shape.join(', ')}] ` +
      `differ, first at [${coordinate(first, shape).join(', ')}]: ` +
      `expected ${expected[first]}, got ${received[first]}`,
  );
}

function outputShape({ op, call }: KernelCall): readonly number[] {
  switch (op) {
    case 'fullyConnected':
      return [call.batch, call.outputDepth];
    case 'globalAveragePool':
      return [call.inputShape[0], call.inputShape[3]];
    case 'concat':
      return [call.positions, call.output.length / call.positions];
    case 'lookup':
    case 'requantize':
    case 'softmax':
      return [call.positions, call.channels];
    case 'resize':
      return [
        call.inputShape[0],
        call.rows.length / 3,
        call.columns.length / 3,
        call.inputShape[3],
      ];
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'maximum':
    case 'minimum':
      return [call.rows, call.columns];
    case 'prelu':
      return [call.rows, call.alpha.length];
    case 'rearrange':
      return [call.batch, ...call.sizes];
    default:
      return call.outputShape;
  }
}

function coordinate(index: number, shape: readonly number[]): number[] {
  const result: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    result.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return result;
}
