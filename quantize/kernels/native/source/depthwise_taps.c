/* Where the taps of a depthwise convolution's windows are. */
#include "op.h"

/* Of an output row that is gathered: rows.h. */
static void row_taps(const Op *op, const ChannelBlock *block, const uint8_t *rows,
                     const uint8_t *taps[MOST_TAPS]) {
  const int32_t width = op->window_width, count = width * op->window_height;
  for (int32_t t = 0; t < 4 * op->groups; t++) {
    /* What fills the last group has weights 0. */
    const int32_t tap = t < count ? t : 0, column = tap % width * op->dilation_x;
    const int32_t phase = tap / width * op->stride_x + column % op->stride_x;
    taps[t] = rows + (size_t)phase * op->phase_bytes +
              (size_t)(column / op->stride_x) * (size_t)op->pixel_bytes + block->start;
  }
}

void depthwise_taps(const Op *op, const ChannelBlock *block, const uint8_t *input, size_t row,
                    const uint8_t *taps[MOST_TAPS]) {
  if (op->pixels > 0) {
    row_taps(op, block, input, taps);
    return;
  }
  const size_t channels = (size_t)op->channels, row_bytes = (size_t)op->width * channels;
  const size_t height = (size_t)op->output_height;
  const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
  const int64_t top = (int64_t)(row % height) * op->stride_y - op->pad_top;
  const size_t apart = (size_t)op->dilation_x * channels;
  const int32_t count = 4 * op->groups;
  int32_t t = 0;
  for (int32_t ky = 0; t < count; ky++) {
    /* What fills the last group has weights 0: it may be any row's that is there. */
    const int64_t iy = top + (ky < op->window_height ? ky * (int64_t)op->dilation_y : 0);
    const int is_inside = iy >= 0 && iy < op->height;
    const uint8_t *row_taps =
        (is_inside ? image + (size_t)iy * row_bytes : op->padding_row) + block->start;
    for (int32_t kx = 0; kx < op->window_width && t < count; kx++, t++) {
      taps[t] = row_taps + (size_t)kx * apart;
    }
  }
}
