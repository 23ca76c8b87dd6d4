import { expected } from '../params/errors.ts';
import { BYTE_MAX, requireZeroPoint } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { type Padding, windowPositions } from '../params/window.ts';
import type {
  ConcatCall,
  Conv2dCall,
  DepthwiseConv2dCall,
  FullyConnectedCall,
  GlobalAveragePoolCall,
  Pool2dCall,
  Requantization,
  Shape4,
} from './kernels.ts';

/**
 * Checks of one kernel call, the same for every tier; each costs a fixed number of comparisons,
 * whatever the tensors' sizes. All throw a QuantizationError that names the field.
 */

/** Average pools of at most 2²³ positions: Σq + ⌊n/2⌋ ≤ 255.5 · 2²³ < 2³¹. */
const MAX_POOL_POSITIONS = 2 ** 23;

export function checkConv2d(call: Conv2dCall): void {
  checkConvolution(call);
  requireEqual('outputShape[3]', call.outputShape[3], 'filterShape[3]', call.filterShape[3]);
}

export function checkDepthwiseConv2d(call: DepthwiseConv2dCall): void {
  checkConvolution(call);
  const [, , channels, depthMultiplier] = call.filterShape;
  const outputs = channels * depthMultiplier;
  requireEqual('outputShape[3]', call.outputShape[3], 'channels · depthMultiplier', outputs);
}

export function checkFullyConnected(call: FullyConnectedCall): void {
  requirePositive('batch', call.batch);
  requirePositive('inputDepth', call.inputDepth);
  requirePositive('outputDepth', call.outputDepth);
  requireLength('input', call.input, call.batch * call.inputDepth);
  requireLength('filter', call.filter, call.inputDepth * call.outputDepth);
  requireLength('bias', call.bias, call.outputDepth);
  requireLength('output', call.output, call.batch * call.outputDepth);
  requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
  requireZeroPoint('filterZeroPoint', call.filterZeroPoint);
  requireRequantization(call);
  requireDisjoint('input', call.input, call.output);
}

export function checkPool2d(call: Pool2dCall): void {
  const { windowShape, padding } = call;
  requireShape('inputShape', call.inputShape);
  requireShape('outputShape', call.outputShape);
  requireWindow(call.inputShape, windowShape, call.strides, padding, call.outputShape);
  requireEqual('outputShape[3]', call.outputShape[3], 'inputShape[3]', call.inputShape[3]);
  // So every window holds a position of the image: the first window ends at or after row 0, the
  // last one starts at or before row H − 1, and likewise the columns.
  requireLess('padding.top', padding.top, 'windowShape[0]', windowShape[0]);
  requireLess('padding.bottom', padding.bottom, 'windowShape[0]', windowShape[0]);
  requireLess('padding.left', padding.left, 'windowShape[1]', windowShape[1]);
  requireLess('padding.right', padding.right, 'windowShape[1]', windowShape[1]);
  requirePoolPositions('windowShape', windowShape[0] * windowShape[1]);
  requireLength('input', call.input, elements(call.inputShape));
  requireLength('output', call.output, elements(call.outputShape));
  requireBounds(call.low, call.high);
  requireDisjoint('input', call.input, call.output);
}

export function checkGlobalAveragePool(call: GlobalAveragePoolCall): void {
  const [batch, height, width, channels] = call.inputShape;
  requireShape('inputShape', call.inputShape);
  requirePoolPositions('inputShape', height * width);
  requireLength('input', call.input, elements(call.inputShape));
  requireLength('output', call.output, batch * channels);
  requireDisjoint('input', call.input, call.output);
}

export function checkConcat(call: ConcatCall): void {
  requirePositive('inputs.length', call.inputs.length);
  requirePositive('positions', call.positions);
  let channels = 0;
  for (const [i, input] of call.inputs.entries()) {
    requirePositive(`inputs[${i}].channels`, input.channels);
    requireLength(`inputs[${i}].data`, input.data, call.positions * input.channels);
    requireZeroPoint(`inputs[${i}].zeroPoint`, input.zeroPoint);
    requireMultiplier(`inputs[${i}].multiplier`, input.multiplier);
    requireDisjoint(`inputs[${i}].data`, input.data, call.output);
    channels += input.channels;
  }
  requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
  requireLength('output', call.output, call.positions * channels);
}

/** What conv2d and depthwiseConv2d have in common: everything but the output's channels. */
function checkConvolution(call: Conv2dCall): void {
  requireShape('inputShape', call.inputShape);
  requireShape('filterShape', call.filterShape);
  requireShape('outputShape', call.outputShape);
  requireLength('input', call.input, elements(call.inputShape));
  requireLength('filter', call.filter, elements(call.filterShape));
  requireLength('bias', call.bias, call.outputShape[3]);
  requireLength('output', call.output, elements(call.outputShape));
  requireEqual('filterShape[2]', call.filterShape[2], 'inputShape[3]', call.inputShape[3]);
  const windowShape = [call.filterShape[0], call.filterShape[1]] as const;
  requireWindow(call.inputShape, windowShape, call.strides, call.padding, call.outputShape);
  requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
  requireZeroPoint('filterZeroPoint', call.filterZeroPoint);
  requireRequantization(call);
  requireDisjoint('input', call.input, call.output);
}

/** The output's batch, height and width follow from the input, the window, strides and padding. */
function requireWindow(
  inputShape: Shape4,
  windowShape: readonly [number, number],
  strides: readonly [number, number],
  padding: Padding,
  outputShape: Shape4,
): void {
  requirePositive('windowShape[0]', windowShape[0]);
  requirePositive('windowShape[1]', windowShape[1]);
  requirePositive('strides[0]', strides[0]);
  requirePositive('strides[1]', strides[1]);
  requireNatural('padding.top', padding.top);
  requireNatural('padding.bottom', padding.bottom);
  requireNatural('padding.left', padding.left);
  requireNatural('padding.right', padding.right);
  const rows = inputShape[1] + padding.top + padding.bottom - windowShape[0];
  const columns = inputShape[2] + padding.left + padding.right - windowShape[1];
  if (rows < 0) throw expected(`at most ${rows + windowShape[0]}`, 'window height', windowShape[0]);
  if (columns < 0) {
    throw expected(`at most ${columns + windowShape[1]}`, 'window width', windowShape[1]);
  }
  requireEqual('outputShape[0]', outputShape[0], 'inputShape[0]', inputShape[0]);
  const size = [inputShape[1], inputShape[2]] as const;
  const [height, width] = windowPositions(size, windowShape, strides, padding);
  requireEqual('outputShape[1]', outputShape[1], '⌊(H + top + bottom − kh) / stride⌋ + 1', height);
  requireEqual('outputShape[2]', outputShape[2], '⌊(W + left + right − kw) / stride⌋ + 1', width);
}

function requireRequantization(call: Requantization): void {
  requireMultiplier('multiplier', call.multiplier);
  requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
  requireBounds(call.low, call.high);
}

/** Subnormal singles are allowed: every tier multiplies them exactly alike. */
function requireMultiplier(name: string, value: number): void {
  if (!(value > 0 && value < Infinity && Math.fround(value) === value)) {
    throw expected('a finite single-precision number > 0', name, value);
  }
}

function requireBounds(low: number, high: number): void {
  if (!(Number.isInteger(low) && low >= 0 && low <= BYTE_MAX)) {
    throw expected('integer in [0, 255]', 'low', low);
  }
  if (!(Number.isInteger(high) && high >= low && high <= BYTE_MAX)) {
    throw expected(`integer in [low, 255] = [${low}, 255]`, 'high', high);
  }
}

function requirePositive(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) throw expected('integer ≥ 1', name, value);
}

function requireNatural(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw expected('integer ≥ 0', name, value);
}

function requireShape(name: string, shape: Shape4): void {
  if (shape.length !== 4) throw expected('4 dimensions', name, shape);
  for (let i = 0; i < 4; i++) requirePositive(`${name}[${i}]`, shape[i]);
}

function requireLength(name: string, array: ArrayLike<number>, length: number): void {
  if (array.length !== length) throw expected(`length ${length}`, name, array.length);
}

function requireEqual(name: string, value: number, ruleName: string, rule: number): void {
  if (value !== rule) throw expected(`${rule} (${ruleName})`, name, value);
}

function requireLess(name: string, value: number, ruleName: string, rule: number): void {
  if (value >= rule) throw expected(`less than ${rule} (${ruleName})`, name, value);
}

function requirePoolPositions(name: string, positions: number): void {
  if (positions > MAX_POOL_POSITIONS) {
    throw expected(`at most ${MAX_POOL_POSITIONS} positions`, name, positions);
  }
}

/** A tier may write `output` before it has read all of its input. */
function requireDisjoint(name: string, input: Uint8Array, output: Uint8Array): void {
  if (
    input.buffer === output.buffer &&
    input.byteOffset < output.byteOffset + output.length &&
    output.byteOffset < input.byteOffset + input.length
  ) {
    throw expected(`memory apart from output's`, name, `bytes from ${input.byteOffset}`);
  }
}
