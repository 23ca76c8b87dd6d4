/* A layer with weights whose channels fall into groups of one length. */
typedef struct {
  tf8_window window;
  const uint8_t *weights;
  const int32_t *bias; /* [output channels], at input scale * weights scale */
  const tf8_factor *factors; /* [output channels]; NULL where to.factor is that of all */
  int32_t input_zero_point, weights_zero_point;
  tf8_requantization to;
  int32_t channels, outputs; /* of a group */
} tf8_groups;

/* Equation 4 of each group of channels by itself. Weights: [output channels][height][width][channels]. */
static void tf8_grouped_conv2d(const tf8_groups *layer, const uint8_t *input, uint8_t *output) {
  const tf8_window *window = &layer->window;
  for (int32_t y = 0; y < window->output_height; y++) {
    for (int32_t x = 0; x < window->output_width; x++) {
      const uint8_t *weights = layer->weights;
      for (int32_t m = 0; m < window->output_channels; m++) {
        const int32_t first = m / layer->outputs * layer->channels;
        int32_t accumulator = layer->bias[m];
        for (int32_t ky = 0; ky < window->window_height; ky++) {
          for (int32_t kx = 0; kx < window->window_width; kx++) {
            const uint8_t *tap = tf8_tap(window, input, y, x, ky, kx);
            if (tap != NULL) {
              for (int32_t c = 0; c < layer->channels; c++) {
                accumulator += (tap[first + c] - layer->input_zero_point) *
                               (weights[c] - layer->weights_zero_point);
              }
            }
            weights += layer->channels;
          }
        }
        const tf8_factor *factor = tf8_factor_of(layer->factors, &layer->to, m);
        *output++ = tf8_requantize(accumulator, factor, &layer->to);
      }
    }
  }
}
