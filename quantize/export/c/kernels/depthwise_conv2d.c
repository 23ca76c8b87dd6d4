/*
 * Equation 4 of each input channel by itself, which has one output or several that follow each other.
 * Weights: [height][width][output channels].
 */
static void tf8_depthwise_conv2d(const tf8_convolution *layer, const uint8_t *input,
                                 uint8_t *output) {
  const tf8_window *window = &layer->window;
  const int32_t share = window->output_channels / window->input_channels;
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      for (int32_t m = 0; m < window->output_channels; m++) {
        const uint8_t *weights = layer->weights + m;
        int32_t accumulator = layer->bias[m];
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          for (int32_t kx = 0; kx < window->window_width; kx++) {
            const uint8_t *tap = tf8_tap(window, input, y, x, ky, kx);
            if (tap != NULL) {
              accumulator += (tap[m / share] - layer->input_zero_point) *
                             (*weights - layer->weights_zero_point);
            }
            weights += window->output_channels;
          }
        }
        const tf8_factor *factor = tf8_factor_of(layer->factors, &layer->to, m);
        *output++ = tf8_requantize(accumulator, factor, &layer->to);
      }
    }
  }
}
