/* Equation 9, of a sum or a difference. Rows of the first input that follow each other share one. */
typedef struct {
  int32_t rows, columns, share;
  int32_t a_zero_point, b_zero_point;
  int32_t a_multiplier, b_multiplier, shift;
  int32_t zero_point, low, high;
} tf8_sum;

/*
 * (a * A + b * B + half) / 2^shift, rounded down, in 32 bits: |sum| < 2^31. Division rounds towards 0:
 * what is negative is divided as its distance from -1.
 */
static void tf8_add(const tf8_sum *sum, const uint8_t *a, const uint8_t *b, uint8_t *output) {
  const int32_t unit = (int32_t)1 << sum->shift;
  for (int32_t row = 0; row < sum->rows; row++) {
    const uint8_t *second = b + (size_t)(row / sum->share) * (size_t)sum->columns;
    for (int32_t column = 0; column < sum->columns; column++) {
      const int32_t total = (*a++ - sum->a_zero_point) * sum->a_multiplier +
                            (second[column] - sum->b_zero_point) * sum->b_multiplier + unit / 2;
      const int32_t shifted = total < 0 ? -1 - (-1 - total) / unit : total / unit;
      *output++ = (uint8_t)tf8_clamp(shifted + sum->zero_point, sum->low, sum->high);
    }
  }
}
