// Parameter blocks in linear memory, little-endian, 4 bytes a field. `../records.ts` writes them:
// the offsets of both files are one convention.

// How a window moves over an image that is already padded; strides and steps in bytes.
export const BATCH: usize = 0;
export const OUTPUT_HEIGHT: usize = 4;
export const OUTPUT_WIDTH: usize = 8;
/** Between an image and the next. */
export const IMAGE_STRIDE: usize = 12;
/** Between the windows of an output row and those of the next. */
export const ROW_STEP: usize = 16;
/** Between a window and the next in the same output row. */
export const COLUMN_STEP: usize = 20;
export const WINDOW_HEIGHT: usize = 24;
export const WINDOW_WIDTH: usize = 28;
/** Between a row of the window and the next. */
export const WINDOW_ROW_STRIDE: usize = 32;
export const CHANNELS: usize = 36;

// Requantization of one call (DESIGN eq. 5).
/** f32 */
export const MULTIPLIER: usize = 0;
/** f32, low − outputZeroPoint */
export const LOWER: usize = 4;
/** f32, high − outputZeroPoint */
export const UPPER: usize = 8;
/** i32 */
export const OUTPUT_ZERO_POINT: usize = 12;
