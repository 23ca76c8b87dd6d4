/* Where the taps of a depthwise convolution's windows are. */
#include "op.h"

void depthwise_taps(const Op *op, const ChannelBlock *block, const uint8_t *input, size_t row,
                    const uint8_t *taps[MOST_TAPS]) {
  const size_t channels = (size_t)op->channels, row_bytes = (size_t)op->width * channels;
  const size_t height = (size_t)op->output_height;
  const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
  const int64_t top = (int64_t)(row % height) * op->stride_y - op->pad_top;
  const int32_t count = op->window_height * op->window_width;
  for (int32_t t = 0; t < 4 * op->groups; t++) {
    /* What fills the last group has weights 0: it is within the image where the first row is. */
    const int32_t ky = t < count ? t / op->window_width : 0, kx = t % op->window_width;
    const int64_t iy = top + ky * (int64_t)op->dilation_y;
    const int is_inside = iy >= 0 && iy < op->height;
    taps[t] = (is_inside ? image + (size_t)iy * row_bytes : op->padding_row) + block->start +
              (size_t)kx * (size_t)op->dilation_x * channels;
  }
}
