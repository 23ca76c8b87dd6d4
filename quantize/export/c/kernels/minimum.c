/* Equation 14: the lesser of two bytes. Rows of the first input that follow each other share one. */
typedef struct {
  int32_t rows, columns, share;
} tf8_lesser;

static void tf8_minimum(const tf8_lesser *pair, const uint8_t *a, const uint8_t *b, uint8_t *output) {
  for (int32_t row = 0; row < pair->rows; row++) {
    const uint8_t *second = b + (size_t)(row / pair->share) * (size_t)pair->columns;
    for (int32_t column = 0; column < pair->columns; column++, a++) {
      *output++ = *a < second[column] ? *a : second[column];
    }
  }
}
