/* mantissa * 2^(shift - 31) */
typedef struct {
  int32_t mantissa, shift;
} tf8_fixed;

/* A ReLU with slopes; those of a channel each are used again for each position. */
typedef struct {
  const uint8_t *alpha;
  int32_t count, slopes;
  int32_t input_zero_point, alpha_zero_point, output_zero_point;
  tf8_fixed positive, negative;
} tf8_slopes;

/* Rounded to a multiple of 2^shift with ties upwards (shift below 0), then with ties away from 0. */
static int32_t tf8_multiply_fixed(int32_t x, const tf8_fixed *by) {
  const int64_t half = (int64_t)1 << 30;
  const int64_t left = by->shift > 0 ? (int64_t)1 << by->shift : 1;
  const int64_t product = x * left * by->mantissa;
  const int64_t high = (product + (product < 0 ? 1 - half : half)) / (2 * half);
  if (by->shift >= 0) return (int32_t)high;
  const int64_t unit = (int64_t)1 << -by->shift;
  return (int32_t)((high + (high < 0 ? -unit / 2 : unit / 2)) / unit);
}

/* Equation 12. */
static void tf8_prelu(const tf8_slopes *layer, const uint8_t *input, uint8_t *output) {
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t x = input[i] - layer->input_zero_point;
    const int32_t alpha = layer->alpha[i % layer->slopes] - layer->alpha_zero_point;
    const int32_t value = x >= 0 ? tf8_multiply_fixed(x, &layer->positive)
                                 : tf8_multiply_fixed(x * alpha, &layer->negative);
    output[i] = (uint8_t)tf8_clamp(value + layer->output_zero_point, 0, 255);
  }
}
