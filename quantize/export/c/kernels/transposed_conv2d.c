/*
 * Equation 4 of the taps that bring an input position to an output one: (y + padding - ky) / stride where
 * that is whole. Weights: [output channels][height][width][input channels].
 */
static void tf8_transposed_conv2d(const tf8_convolution *layer, const uint8_t *input,
                                  uint8_t *output) {
  const tf8_window *window = &layer->window;
  const int32_t channels = window->input_channels;
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      const uint8_t *weights = layer->weights;
      for (int32_t m = 0; m < window->output_channels; m++) {
        int32_t accumulator = layer->bias[m];
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          const int32_t top = y + window->padding_top - ky;
          for (int32_t kx = 0; kx < window->window_width; kx++, weights += channels) {
            const int32_t left = x + window->padding_left - kx;
            if (top < 0 || left < 0 || top % window->stride_height != 0 ||
                left % window->stride_width != 0) {
              continue;
            }
            const int32_t iy = top / window->stride_height, ix = left / window->stride_width;
            if (iy >= window->input_height || ix >= window->input_width) continue;
            const uint8_t *tap = input + ((size_t)iy * (size_t)window->input_width + (size_t)ix) *
                                             (size_t)channels;
            for (int32_t c = 0; c < channels; c++) {
              accumulator += (tap[c] - layer->input_zero_point) *
                             (weights[c] - layer->weights_zero_point);
            }
          }
        }
        const tf8_factor *factor = tf8_factor_of(layer->factors, &layer->to, m);
        *output++ = tf8_requantize(accumulator, factor, &layer->to);
      }
    }
  }
}
