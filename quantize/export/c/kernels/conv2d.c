/*
 * Equation 4: bias + sum of (input - zero point) * (weight - zero point). Padded positions hold the
 * input's zero point, so they add nothing. Weights: [output channels][height][width][input channels].
 */
static void tf8_conv2d(const tf8_convolution *layer, const uint8_t *input, uint8_t *output) {
  const tf8_window *window = &layer->window;
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      const uint8_t *weights = layer->weights;
      for (int32_t m = 0; m < window->output_channels; m++) {
        int32_t accumulator = layer->bias[m];
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          for (int32_t kx = 0; kx < window->window_width; kx++) {
            const uint8_t *tap = tf8_tap(window, input, y, x, ky, kx);
            if (tap != NULL) {
              for (int32_t c = 0; c < window->input_channels; c++) {
                accumulator += (tap[c] - layer->input_zero_point) *
                               (weights[c] - layer->weights_zero_point);
              }
            }
            weights += window->input_channels;
          }
        }
        const tf8_factor *factor = tf8_factor_of(layer->factors, &layer->to, m);
        *output++ = tf8_requantize(accumulator, factor, &layer->to);
      }
    }
  }
}
