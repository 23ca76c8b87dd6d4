// A step: one kernel call, prepared. Little-endian, 4 bytes a field: the offsets by their names, for
// these kernels and for `../step.ts`, which writes it.

export const STEP_BYTES = 144;

export const OP = 0;
export const OP_CONVOLUTION = 0;
export const OP_DEPTHWISE = 1;
export const OP_AVERAGE_POOL = 2;
export const OP_MAX_POOL = 3;
export const OP_CONCAT = 4;
export const OP_ADD = 5;
export const OP_MULTIPLY = 6;
export const OP_LOOKUP = 7;
export const OP_REARRANGE = 8;
export const OP_SLICES = 9;
export const OP_PRELU = 10;
export const OP_RESIZE = 11;
export const OP_MAXIMUM = 12;
export const OP_MINIMUM = 13;
export const OP_SOFTMAX = 14;

/** Offsets from the arena. */
export const INPUT = 4;
export const OUTPUT = 8;

// The window and the image that it moves over.
export const BATCH = 12;
export const HEIGHT = 16;
export const WIDTH = 20;
export const CHANNELS = 24;
export const WINDOW_HEIGHT = 28;
export const WINDOW_WIDTH = 32;
export const STRIDE_Y = 36;
export const STRIDE_X = 40;
export const PADDING_TOP = 44;
export const PADDING_LEFT = 48;
export const OUTPUT_HEIGHT = 52;
export const OUTPUT_WIDTH = 56;
export const OUTPUT_CHANNELS = 60;
export const INPUT_ZERO_POINT = 64;

// eq. 5
/** f32; a convolution's multipliers are with its biases. */
export const MULTIPLIER = 68;
/** f32, low − outputZeroPoint */
export const LOWER = 72;
/** What `requantize8` adds to the bits of a rounded sum. */
export const OFFSET = 76;
export const LOW = 80;
export const HIGH = 84;

// Convolutions: addresses of the packed filter, and of its biases and multipliers; see `../pack_filter.ts`
// and `writeBias` of `../step.ts`.
export const FILTER = 88;
export const BIAS = 92;
/** Pairs of rows of the filter as a matrix. */
export const PAIRS = 96;
/** Tiles of the im2col matrix that are packed at a time. */
export const BLOCK_TILES = 100;
/** Whether the image is the im2col matrix: a 1 × 1 window that leaves out no position. */
export const IS_MATRIX = 104;

/** From one tap of the window to the next. */
export const DILATION_Y = 108;
export const DILATION_X = 112;

// Where a convolution's rows lie, which are of a part of the tensors where it is a slice: in bytes from a
// position of the input to the next; of the output from a position of a row to the next, from a row, from
// an image.
export const INPUT_STEP = 116;
export const OUTPUT_STEP = 120;
export const OUTPUT_ROW = 124;
export const OUTPUT_IMAGE = 128;
/** Address of 256 bytes, what becomes of each byte of the output (eq. 10); 0 where there are none. */
export const FUSED_TABLE = 132;

// Convolutions of parts of the tensors: SLICE_COUNT steps from SLICES (an address) on.
export const SLICES = 88;
export const SLICE_COUNT = 92;

// Concatenation: INPUT_COUNT records at INPUTS (an address), for BATCH positions.
export const INPUTS = 88;
export const INPUT_COUNT = 92;

// A function of each value: BATCH positions.
/** Address of 256 bytes. */
export const TABLE = 88;

// Another size: addresses of three integers a row, and a column, of the output.
export const ROW_TAPS = 88;
export const COLUMN_TAPS = 92;

// Probabilities: BATCH positions.
/** Address of 256 singles. */
export const POWERS = 88;

// A slope for each byte of a row: BATCH rows of OUTPUT_CHANNELS bytes; TABLE has 65536 bytes.
/** Address of the slopes. */
export const ALPHA = 92;

// Two tensors: BATCH rows of OUTPUT_CHANNELS bytes; INPUT and its zero point are the first's.
/** Offset from the arena. */
export const SECOND = 88;
export const SECOND_ZERO_POINT = 92;
/** Rows of the first that share a row of the second. */
export const SHARE = 96;
/** eq. 9 */
export const FIRST_MULTIPLIER = 100;
export const SECOND_MULTIPLIER = 104;
export const SHIFT = 108;
export const OUTPUT_ZERO_POINT = 112;

// An arrangement, for BATCH images: five numbers each of the loops over its output.
export const MAP_SIZES = 16;
export const MAP_STRIDES = 36;
export const MAP_BEGINS = 56;
export const MAP_ENDS = 76;
export const MAP_OFFSET = 96;
export const FILL = 100;
/** Of an image of the input. */
export const IMAGE_BYTES = 104;

export const PART_BYTES = 20;
/** Offset from the arena. */
export const PART_DATA = 0;
export const PART_CHANNELS = 4;
export const PART_ZERO_POINT = 8;
/** f32 */
export const PART_MULTIPLIER = 12;
/** Whether the parameters are the output's: q − z + z = q. */
export const PART_IS_COPY = 16;
