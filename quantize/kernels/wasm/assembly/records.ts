// A step: one kernel call, prepared. Little-endian, 4 bytes a field; `../step.ts` writes it:
// the offsets of both files are one convention.

export const STEP_BYTES: usize = 128;

export const OP: usize = 0;
export const OP_CONVOLUTION: i32 = 0;
export const OP_DEPTHWISE: i32 = 1;
export const OP_AVERAGE_POOL: i32 = 2;
export const OP_MAX_POOL: i32 = 3;
export const OP_CONCAT: i32 = 4;

/** Offsets from the arena. */
export const INPUT: usize = 4;
export const OUTPUT: usize = 8;

// The window and the image that it moves over.
export const BATCH: usize = 12;
export const HEIGHT: usize = 16;
export const WIDTH: usize = 20;
export const CHANNELS: usize = 24;
export const WINDOW_HEIGHT: usize = 28;
export const WINDOW_WIDTH: usize = 32;
export const STRIDE_Y: usize = 36;
export const STRIDE_X: usize = 40;
export const PADDING_TOP: usize = 44;
export const PADDING_LEFT: usize = 48;
export const OUTPUT_HEIGHT: usize = 52;
export const OUTPUT_WIDTH: usize = 56;
export const OUTPUT_CHANNELS: usize = 60;
export const INPUT_ZERO_POINT: usize = 64;

// eq. 5
/** f32 */
export const MULTIPLIER: usize = 68;
/** f32, low − outputZeroPoint */
export const LOWER: usize = 72;
/** What `requantize8` adds to the bits of a rounded sum. */
export const OFFSET: usize = 76;
export const LOW: usize = 80;
export const HIGH: usize = 84;

// Convolutions: addresses of the packed filter, and of its biases; see `../pack_filter.ts`.
export const FILTER: usize = 88;
export const BIAS: usize = 92;
/** Pairs of rows of the filter as a matrix. */
export const PAIRS: usize = 96;
/** Tiles of the im2col matrix that are packed at a time. */
export const BLOCK_TILES: usize = 100;
/** Whether the image is the im2col matrix: a 1 × 1 window that leaves out no position. */
export const IS_MATRIX: usize = 104;

// Concatenation: INPUT_COUNT records at INPUTS (an address), for BATCH positions.
export const INPUTS: usize = 88;
export const INPUT_COUNT: usize = 92;

export const PART_BYTES: usize = 20;
/** Offset from the arena. */
export const PART_DATA: usize = 0;
export const PART_CHANNELS: usize = 4;
export const PART_ZERO_POINT: usize = 8;
/** f32 */
export const PART_MULTIPLIER: usize = 12;
/** Whether the parameters are the output's: q − z + z = q. */
export const PART_IS_COPY: usize = 16;
