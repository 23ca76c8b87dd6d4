/* A product: equation 5 of the product of differences. Rows that follow each other share one. */
typedef struct {
  int32_t rows, columns, share;
  int32_t a_zero_point, b_zero_point;
  tf8_requantization to;
} tf8_product;

static void tf8_multiply(const tf8_product *product, const uint8_t *a, const uint8_t *b,
                         uint8_t *output) {
  for (int32_t row = 0; row < product->rows; row++) {
    const uint8_t *second = b + (size_t)(row / product->share) * (size_t)product->columns;
    for (int32_t column = 0; column < product->columns; column++) {
      const int32_t accumulator =
          (*a++ - product->a_zero_point) * (second[column] - product->b_zero_point);
      *output++ = tf8_requantize(accumulator, &product->to.factor, &product->to);
    }
  }
}
