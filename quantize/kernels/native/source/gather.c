/* im2col: the rows of the matrix whose product with the filter is the convolution. */
#include <string.h>

#include "op.h"

static int32_t between(int64_t value, int32_t high) {
  return value < 0 ? 0 : value > high ? high : (int32_t)value;
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
    uint8_t *at = to;
    for (int32_t ky = 0; ky < op->window_height; ky++, at += window_row) {
      const int64_t iy = (int64_t)y * op->stride_y - op->pad_top + ky;
      if (iy < 0 || iy >= op->height || length == 0) {
        memset(at, op->input_zero_point, window_row);
        continue;
      }
      const uint8_t *from = input + (n * (size_t)op->height + (size_t)iy) * image_row +
                            (size_t)(left + inside) * channels;
      if (length == window_row) {
        /* A fixed length is one load and one store; what it writes too much is overwritten. */
        if (length <= 16 && end - from >= 16) {
          memcpy(at, from, 16);
        } else {
          memcpy(at, from, length);
        }
        continue;
      }
      memset(at, op->input_zero_point, window_row);
      memcpy(at + before, from, length);
    }
    memset(to + op->depth, 0, stride - (size_t)op->depth);
    if (++x == op->output_width) {
      x = 0;
      if (++y == op->output_height) {
        y = 0;
        n++;
      }
    }
  }
}
