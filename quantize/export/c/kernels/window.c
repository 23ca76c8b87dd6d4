/* A window that slides over an image, [height][width][channels]; padding is above and to the left. */
typedef struct {
  int32_t input_height, input_width, input_channels;
  int32_t output_height, output_width, output_channels;
  int32_t window_height, window_width;
  int32_t stride_height, stride_width;
  int32_t padding_top, padding_left;
  int32_t dilation_height, dilation_width; /* from one tap to the next */
} tf8_window;

/* The channels of the position that a tap of the window covers; NULL where it lies in the padding. */
static const uint8_t *tf8_tap(const tf8_window *window, const uint8_t *input, int32_t y, int32_t x,
                              int32_t ky, int32_t kx) {
  const int32_t iy =
      y * window->stride_height - window->padding_top + ky * window->dilation_height;
  const int32_t ix = x * window->stride_width - window->padding_left + kx * window->dilation_width;
  if (iy < 0 || iy >= window->input_height || ix < 0 || ix >= window->input_width) return NULL;
  return input + ((size_t)iy * (size_t)window->input_width + (size_t)ix) *
                     (size_t)window->input_channels;
}
