import type { Padding } from '../../params/window.ts';
import type { Requantization, Shape4 } from '../kernels.ts';
import type { Arena } from './arena.ts';

// Parameter blocks that kernels read; the order of the fields is that of assembly/records.ts.

/** A tensor [N, H, W, C] uint8 in linear memory, its padding included. */
export interface StagedImage {
  readonly address: number;
  readonly shape: Shape4;
}

/** Writes how a window moves over `image`; returns the block's address. */
export function writeGeometry(
  arena: Arena,
  { shape: [batch, height, width, channels] }: StagedImage,
  windowShape: readonly [number, number],
  strides: readonly [number, number],
  outputShape: Shape4,
): number {
  const rowStride = width * channels;
  const fields = [
    batch,
    outputShape[1],
    outputShape[2],
    height * rowStride, // IMAGE_STRIDE
    strides[0] * rowStride, // ROW_STEP
    strides[1] * channels, // COLUMN_STEP
    windowShape[0],
    windowShape[1],
    rowStride, // WINDOW_ROW_STRIDE
    channels,
  ];
  const address = arena.allocate(fields.length * 4);
  arena.int32s.set(fields, address / 4);
  return address;
}

/** Writes the constants of DESIGN eq. 5; returns the block's address. */
export function writeRequantization(arena: Arena, call: Requantization): number {
  const address = arena.allocate(16);
  arena.singles[address / 4] = call.multiplier;
  arena.singles[address / 4 + 1] = call.low - call.outputZeroPoint;
  arena.singles[address / 4 + 2] = call.high - call.outputZeroPoint;
  arena.int32s[address / 4 + 3] = call.outputZeroPoint;
  return address;
}

/** Writes int32 values; returns their address. */
export function writeInt32s(arena: Arena, values: ArrayLike<number>): number {
  const address = arena.allocate(values.length * 4);
  arena.int32s.set(values, address / 4);
  return address;
}

/** Copies [N, H, W, C] into scratch, with `padding` rows and columns of `fill` around each image. */
export function stageImage(
  arena: Arena,
  input: Uint8Array,
  shape: Shape4,
  padding: Padding,
  fill: number,
): StagedImage {
  const [batch, height, width, channels] = shape;
  const paddedHeight = height + padding.top + padding.bottom;
  const paddedWidth = width + padding.left + padding.right;
  const length = batch * paddedHeight * paddedWidth * channels;
  const address = arena.allocate(length);
  const { bytes } = arena;
  if (length === input.length) {
    bytes.set(input, address);
  } else {
    bytes.fill(fill, address, address + length);
    const rowLength = width * channels;
    for (let n = 0; n < batch; n++) {
      for (let y = 0; y < height; y++) {
        const from = (n * height + y) * rowLength;
        const row = (n * paddedHeight + y + padding.top) * paddedWidth + padding.left;
        bytes.set(input.subarray(from, from + rowLength), address + row * channels);
      }
    }
  }
  return { address, shape: [batch, paddedHeight, paddedWidth, channels] };
}
