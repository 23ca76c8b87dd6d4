import { copyLoosely, fillLoosely } from './bytes';
import {
  CHANNELS,
  DILATION_X,
  DILATION_Y,
  HEIGHT,
  INPUT_STEP,
  INPUT_ZERO_POINT,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  PADDING_LEFT,
  PADDING_TOP,
  STRIDE_X,
  STRIDE_Y,
  WIDTH,
  WINDOW_HEIGHT,
  WINDOW_WIDTH,
} from './records';

// The im2col matrix [N · H' · W', kh · kw · C] in tiles of five rows, as `gemm` reads them:
// [pairs, 5, 2] i16, two bytes of each of the five rows in turn. Rows past the last repeat it.

export const TILE_ROWS: i32 = 5;
/** Bytes of a pair of a tile. */
export const PAIR_BYTES: i32 = 20;

/** Bytes from a gathered row to the next: writing is by 16 bytes. */
export function gatheredStride(step: usize): i32 {
  const depth =
    load<i32>(step, WINDOW_HEIGHT) * load<i32>(step, WINDOW_WIDTH) * load<i32>(step, CHANNELS);
  return ((depth + 15) & ~15) + 16;
}

/**
 * Five rows of bytes, interleaved and widened. Four pairs are written at a time, so that up to 3
 * pairs behind the tile are written too: by the next tile again, or in the slack of the block. An odd
 * depth's last pair holds whatever byte follows: its weight is 0.
 */
function packTile(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  x4: usize,
  pairs: i32,
  to: usize,
): void {
  const end = to + pairs * PAIR_BYTES;
  while (to < end) {
    const row0 = v128.load_ext<u8>(x0);
    const row1 = v128.load_ext<u8>(x1);
    const row2 = v128.load_ext<u8>(x2);
    const row3 = v128.load_ext<u8>(x3);
    const row4 = v128.load_ext<u8>(x4);
    const low01 = v128.shuffle<i32>(row0, row1, 0, 4, 1, 5);
    const low23 = v128.shuffle<i32>(row2, row3, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(row0, row1, 2, 6, 3, 7);
    const high23 = v128.shuffle<i32>(row2, row3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
    v128.store32_lane(to, row4, 0, 16);
    v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 20);
    v128.store32_lane(to, row4, 1, 36);
    v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 40);
    v128.store32_lane(to, row4, 2, 56);
    v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 60);
    v128.store32_lane(to, row4, 3, 76);
    x0 += 8;
    x1 += 8;
    x2 += 8;
    x3 += 8;
    x4 += 8;
    to += 4 * PAIR_BYTES;
  }
}

/**
 * Tiles of rows [first, last) of a matrix of bytes in memory, `stride` bytes apart: the input of a pointwise
 * convolution.
 */
export function packRows(
  matrix: usize,
  stride: i32,
  first: i32,
  last: i32,
  pairs: i32,
  to: usize,
): void {
  const end = matrix + (last - 1) * stride;
  for (let row = first; row < last; row += TILE_ROWS) {
    const x0: usize = matrix + row * stride;
    const x1 = min(x0 + stride, end);
    const x2 = min(x1 + stride, end);
    const x3 = min(x2 + stride, end);
    const x4 = min(x3 + stride, end);
    packTile(x0, x1, x2, x3, x4, pairs, to);
    to += pairs * PAIR_BYTES;
  }
}

/** Tiles of rows [first, last) of the im2col matrix; `gathered`: five rows of bytes. */
export function packWindows(
  step: usize,
  image: usize,
  first: i32,
  last: i32,
  pairs: i32,
  gathered: usize,
  to: usize,
): void {
  const outputWidth = load<i32>(step, OUTPUT_WIDTH);
  const outputHeight = load<i32>(step, OUTPUT_HEIGHT);
  const channels = load<i32>(step, CHANNELS);
  const inputStep = load<i32>(step, INPUT_STEP);
  const imageRow = load<i32>(step, WIDTH) * inputStep;
  const imageBytes = load<i32>(step, HEIGHT) * imageRow;
  const stride = gatheredStride(step);
  const windowHeight = load<i32>(step, WINDOW_HEIGHT);
  const windowRow = load<i32>(step, WINDOW_WIDTH) * channels;
  // Windows within the image begin in its rows up to `lastTop` and its columns up to `lastLeft`.
  const lastTop = load<i32>(step, HEIGHT) - windowHeight;
  const lastLeft = load<i32>(step, WIDTH) - load<i32>(step, WINDOW_WIDTH);
  const isApart =
    (load<i32>(step, DILATION_Y) | load<i32>(step, DILATION_X)) != 1 || inputStep != channels;
  const isShort = !isApart && windowRow <= 16 && lastTop >= 0 && lastLeft >= 0;
  let x = first % outputWidth;
  let y = (first / outputWidth) % outputHeight;
  image += (first / outputWidth / outputHeight) * imageBytes;
  for (let row = first; row < last; row += TILE_ROWS) {
    const count = min(TILE_ROWS, last - row);
    for (let i = 0; i < count; i++) {
      const to = gathered + i * stride;
      const top = y * load<i32>(step, STRIDE_Y) - load<i32>(step, PADDING_TOP);
      const left = x * load<i32>(step, STRIDE_X) - load<i32>(step, PADDING_LEFT);
      if (isShort && <u32>top <= <u32>lastTop && <u32>left <= <u32>lastLeft) {
        const from = image + top * imageRow + left * channels;
        copyShortRows(to, windowRow, from, imageRow, windowHeight);
      } else if (isApart) {
        gatherTaps(step, image, top, left, to);
      } else {
        gatherWindow(step, image, top, left, to);
      }
      x++;
      if (x == outputWidth) {
        x = 0;
        y++;
        if (y == outputHeight) {
          y = 0;
          image += imageBytes;
        }
      }
    }
    packTile(
      gathered,
      gathered + min(1, count - 1) * stride,
      gathered + min(2, count - 1) * stride,
      gathered + min(3, count - 1) * stride,
      gathered + min(4, count - 1) * stride,
      pairs,
      to,
    );
    to += pairs * PAIR_BYTES;
  }
}

/**
 * `count` rows of at most 16 bytes, such as those of a first convolution's window: what is copied too
 * much is overwritten by the next row, or lies behind the window.
 */
function copyShortRows(to: usize, toStride: i32, from: usize, fromStride: i32, count: i32): void {
  for (; count > 0; count--) {
    v128.store(to, v128.load(from));
    to += toStride;
    from += fromStride;
  }
}

/**
 * The window from row `top` and column `left` on: [kh, kw, C] bytes. Padding holds zx, whose product in eq. 4
 * is 0. Writing goes upwards, so that each piece mends what the one before spilled.
 */
function gatherWindow(step: usize, image: usize, top: i32, left: i32, to: usize): void {
  const height = load<i32>(step, HEIGHT);
  const width = load<i32>(step, WIDTH);
  const channels = load<i32>(step, CHANNELS);
  const windowWidth = load<i32>(step, WINDOW_WIDTH);
  const zeroPoint = load<i32>(step, INPUT_ZERO_POINT);
  // The window's columns [inside, outside) lie in the image.
  const inside = min(max(-left, 0), windowWidth);
  const outside = max(min(width - left, windowWidth), inside);
  const before = inside * channels;
  const length = (outside - inside) * channels;
  const after = (windowWidth - outside) * channels;
  let iy = top;
  const end = iy + load<i32>(step, WINDOW_HEIGHT);
  let from = image + (iy * width + left + inside) * channels;
  for (; iy < end; iy++) {
    if (<u32>iy < <u32>height) {
      fillLoosely(to, zeroPoint, before);
      copyLoosely(to + before, from, length);
      fillLoosely(to + before + length, zeroPoint, after);
    } else {
      fillLoosely(to, zeroPoint, before + length + after);
    }
    from += width * channels;
    to += windowWidth * channels;
  }
}

/** As `gatherWindow`, tap by tap: of a window whose taps, or an image whose positions, lie apart. */
function gatherTaps(step: usize, image: usize, top: i32, left: i32, to: usize): void {
  const height = load<i32>(step, HEIGHT);
  const width = load<i32>(step, WIDTH);
  const channels = load<i32>(step, CHANNELS);
  const windowWidth = load<i32>(step, WINDOW_WIDTH);
  const zeroPoint = load<i32>(step, INPUT_ZERO_POINT);
  const inputStep = load<i32>(step, INPUT_STEP);
  const dilationY = load<i32>(step, DILATION_Y);
  const dilationX = load<i32>(step, DILATION_X);
  const bottom = top + load<i32>(step, WINDOW_HEIGHT) * dilationY;
  const right = left + windowWidth * dilationX;
  for (let iy = top; iy < bottom; iy += dilationY) {
    if (<u32>iy >= <u32>height) {
      fillLoosely(to, zeroPoint, windowWidth * channels);
      to += windowWidth * channels;
      continue;
    }
    const row = image + iy * width * inputStep;
    for (let ix = left; ix < right; ix += dilationX) {
      if (<u32>ix < <u32>width) copyLoosely(to, row + ix * inputStep, channels);
      else fillLoosely(to, zeroPoint, channels);
      to += channels;
    }
  }
}
