import type { Conv2dCall } from '../ops/conv2d.ts';
import type { FullyConnectedCall } from '../ops/fully_connected.ts';
import type { GlobalAveragePoolCall } from '../ops/global_average_pool.ts';
import type { Pool2dCall } from '../ops/pool2d.ts';
import type { Shape4 } from '../ops/tensor.ts';
import type { Placement } from '../ops/window.ts';
import { expected } from '../params/errors.ts';
import { BYTE_MAX, INT32_MAX } from '../params/quantization.ts';
import { NO_PADDING, UNDILATED } from '../params/window.ts';

/** Forms to which the compiled tiers bring calls, so that fewer kernels serve them all. */

/** The kernels count in int32; a window may begin before the image and end after it. */
const LARGEST_SIZE = (INT32_MAX - 1) / 2;

/** A fully connected layer is a 1 × 1 convolution of 1 × 1 images. */
export function asConvolution(call: FullyConnectedCall): Conv2dCall {
  const { batch, inputDepth, outputDepth } = call;
  return {
    ...call,
    inputShape: [batch, 1, 1, inputDepth],
    filterShape: [1, 1, inputDepth, outputDepth],
    strides: [1, 1],
    padding: NO_PADDING,
    outputShape: [batch, 1, 1, outputDepth],
  };
}

/** A global pool is one window as large as the image. */
export function asPool(call: GlobalAveragePoolCall): Pool2dCall {
  const [batch, height, width, channels] = call.inputShape;
  return {
    ...call,
    windowShape: [height, width],
    strides: [1, 1],
    padding: NO_PADDING,
    outputShape: [batch, 1, 1, channels],
    low: 0,
    high: BYTE_MAX,
  };
}

/** How a window moves, as compiled kernels take it. */
export interface WindowGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly windowHeight: number;
  readonly windowWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  /** Rows above the image, columns to its left. */
  readonly paddingTop: number;
  readonly paddingLeft: number;
  /** From one tap of the window to the next. */
  readonly dilationY: number;
  readonly dilationX: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly outputChannels: number;
}

/**
 * The geometry of a window. Along an axis with one position the stride moves nothing and is 1,
 * and so is the dilation of one tap.
 * @throws QuantizationError where a size is too large for int32 arithmetic
 */
export function windowGeometry(
  { inputShape, strides, padding, dilations = UNDILATED }: Placement,
  windowShape: readonly [number, number],
  outputShape: Shape4,
): WindowGeometry {
  const stride = (axis: 0 | 1) => (outputShape[axis + 1] === 1 ? 1 : strides[axis]);
  const dilation = (axis: 0 | 1) => (windowShape[axis] === 1 ? 1 : dilations[axis]);
  const [batch, height, width, channels] = inputShape;
  const [, outputHeight, outputWidth, outputChannels] = outputShape;
  const geometry = {
    batch,
    height,
    width,
    channels,
    windowHeight: windowShape[0],
    windowWidth: windowShape[1],
    strideY: stride(0),
    strideX: stride(1),
    paddingTop: padding.top,
    paddingLeft: padding.left,
    dilationY: dilation(0),
    dilationX: dilation(1),
    outputHeight,
    outputWidth,
    outputChannels,
  };
  for (const size of Object.values(geometry)) requireInt32Size(size);
  return geometry;
}

/** @throws QuantizationError where `size` is too large for int32 arithmetic */
export function requireInt32Size(size: number): void {
  if (size > LARGEST_SIZE) throw expected(`at most ${LARGEST_SIZE}`, 'a size', size);
}
