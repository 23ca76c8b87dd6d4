/* Equation 6: the greatest byte; padding takes no part. */
static void tf8_max_pool2d(const tf8_window *window, const uint8_t *input, uint8_t *output) {
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      for (int32_t c = 0; c < window->output_channels; c++) {
        uint8_t greatest = 0;
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          for (int32_t kx = 0; kx < window->window_width; kx++) {
            const uint8_t *tap = tf8_tap(window, input, y, x, ky, kx);
            if (tap != NULL && tap[c] > greatest) greatest = tap[c];
          }
        }
        *output++ = greatest;
      }
    }
  }
}
