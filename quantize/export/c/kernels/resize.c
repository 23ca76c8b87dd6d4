/* Equation 13: each position between four of the input, by weights in parts of 2048. */
typedef struct {
  int32_t input_width, channels, output_height, output_width;
  const int32_t *rows;    /* [output_height, 3]: two rows, and the weight of the second */
  const int32_t *columns; /* [output_width, 3] */
} tf8_resizing;

static void tf8_resize(const tf8_resizing *r, const uint8_t *input, uint8_t *output) {
  for (int32_t y = 0; y < r->output_height; y++) {
    const int32_t *row = r->rows + 3 * y;
    for (int32_t x = 0; x < r->output_width; x++) {
      const int32_t *column = r->columns + 3 * x;
      const uint8_t *top = input + (size_t)row[0] * (size_t)r->input_width * (size_t)r->channels;
      const uint8_t *bottom = input + (size_t)row[1] * (size_t)r->input_width * (size_t)r->channels;
      const size_t left = (size_t)column[0] * (size_t)r->channels;
      const size_t right = (size_t)column[1] * (size_t)r->channels;
      for (int32_t c = 0; c < r->channels; c++) {
        const int32_t above = top[left + (size_t)c] * (2048 - column[2]) +
                              top[right + (size_t)c] * column[2];
        const int32_t below = bottom[left + (size_t)c] * (2048 - column[2]) +
                              bottom[right + (size_t)c] * column[2];
        *output++ = (uint8_t)((above * (2048 - row[2]) + below * row[2] + 2097152) / 4194304);
      }
    }
  }
}
