/*
 * Equation 15: the share of each power in their sum, in parts of 256. In single precision, in order; each
 * result is rounded by an assignment, and no sum follows a product.
 */
typedef struct {
  int32_t positions, channels;
  const float *powers; /* [256] by the distance from the greatest byte */
} tf8_shares;

static void tf8_softmax(const tf8_shares *shares, const uint8_t *input, uint8_t *output) {
  for (int32_t position = 0; position < shares->positions; position++) {
    int32_t greatest = 0;
    float sum = 0.0f;
    for (int32_t c = 0; c < shares->channels; c++) {
      if (input[c] > greatest) greatest = input[c];
    }
    for (int32_t c = 0; c < shares->channels; c++) {
      sum = sum + shares->powers[greatest - input[c]];
    }
    const float factor = 256.0f / sum;
    for (int32_t c = 0; c < shares->channels; c++) {
      /* share + 0.5, rounded to a single and then down: the single below a half is raised to 1 too. */
      const float share = shares->powers[greatest - input[c]] * factor;
      int32_t byte = (int32_t)share;
      const float tie = byte == 0 ? 0.49999997f : (float)byte + 0.5f;
      if (share >= tie) byte++;
      *output++ = (uint8_t)(byte > 255 ? 255 : byte);
    }
    input += shares->channels;
  }
}
