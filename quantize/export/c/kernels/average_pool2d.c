/* Equation 6: the mean (sum + n / 2) / n of n positions; padding takes no part. */
static void tf8_average_pool2d(const tf8_window *window, const uint8_t *input, uint8_t *output) {
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      for (int32_t c = 0; c < window->output_channels; c++) {
        uint32_t count = 0, sum = 0;
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          for (int32_t kx = 0; kx < window->window_width; kx++) {
            const uint8_t *tap = tf8_tap(window, input, y, x, ky, kx);
            if (tap == NULL) continue;
            count++;
            sum += tap[c];
          }
        }
        *output++ = (uint8_t)((sum + count / 2) / count);
      }
    }
  }
}
