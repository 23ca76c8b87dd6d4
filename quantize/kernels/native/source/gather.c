/* im2col: the rows of the matrix whose product with the filter is the convolution. */
#include <string.h>

#include "op.h"

static int32_t between(int64_t value, int32_t high) {
  return value < 0 ? 0 : value > high ? high : (int32_t)value;
}

/* Zeros behind a row, at most three bytes: stores, since calling memset costs more than a row. */
static inline void clear_tail(uint8_t *row, size_t depth, size_t stride) {
  if (stride > depth) row[depth] = 0;
  if (stride > depth + 1) row[depth + 1] = 0;
  if (stride > depth + 2) row[depth + 2] = 0;
}

/*
 * A window within the image whose rows are at most 16 bytes, such as that of a first convolution: a
 * fixed length is one load and one store. What it writes too much is overwritten, or slack.
 */
static inline void gather_short(const uint8_t *from, size_t image_row, int32_t window_height,
                                size_t window_row, uint8_t *to) {
  for (int32_t ky = 0; ky < window_height; ky++) {
    memcpy(to + (size_t)ky * window_row, from + (size_t)ky * image_row, 16);
  }
}

void gather_rows(const Op *op, const uint8_t *input, size_t first, size_t count, uint8_t *to,
                 size_t stride) {
  const size_t channels = (size_t)op->channels;
  const size_t window_row = (size_t)op->window_width * channels;
  const size_t image_row = (size_t)op->width * channels;
  const uint8_t *end = input + (size_t)op->batch * (size_t)op->height * image_row;
  const size_t positions = (size_t)op->output_height * (size_t)op->output_width;
  size_t n = first / positions;
  int32_t y = (int32_t)(first % positions / (size_t)op->output_width);
  int32_t x = (int32_t)(first % (size_t)op->output_width);
  for (size_t row = 0; row < count; row++, to += stride) {
    const int64_t left = (int64_t)x * op->stride_x - op->pad_left;
    /* The window's columns [inside, outside) lie in the image. */
    const int32_t inside = between(-left, op->window_width);
    const int32_t outside = between(op->width - left, op->window_width);
    const size_t before = (size_t)inside * channels;
    const size_t length = outside > inside ? (size_t)(outside - inside) * channels : 0;
    const int64_t top = (int64_t)y * op->stride_y - op->pad_top;
    if (window_row <= 16 && length == window_row && top >= 0 &&
        top + op->window_height <= op->height) {
      const uint8_t *from = input + (n * (size_t)op->height + (size_t)top) * image_row +
                            (size_t)left * channels;
      if ((size_t)(end - from) >= (size_t)(op->window_height - 1) * image_row + 16) {
        gather_short(from, image_row, op->window_height, window_row, to);
        clear_tail(to, (size_t)op->depth, stride);
        goto next;
      }
    }
    uint8_t *at = to;
    for (int32_t ky = 0; ky < op->window_height; ky++, at += window_row) {
      const int64_t iy = top + ky;
      if (iy < 0 || iy >= op->height || length == 0) {
        memset(at, op->input_zero_point, window_row);
        continue;
      }
      const uint8_t *from = input + (n * (size_t)op->height + (size_t)iy) * image_row +
                            (size_t)(left + inside) * channels;
      if (length == window_row) {
        memcpy(at, from, length);
        continue;
      }
      memset(at, op->input_zero_point, window_row);
      memcpy(at + before, from, length);
    }
    clear_tail(to, (size_t)op->depth, stride);
  next:
    if (++x == op->output_width) {
      x = 0;
      if (++y == op->output_height) {
        y = 0;
        n++;
      }
    }
  }
}
