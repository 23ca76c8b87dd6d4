/* Equation 16, from accumulators to bytes: the multiplier is mantissa * 2^(exponent - 31). */
typedef struct {
  int32_t mantissa; /* in [2^30, 2^31) */
  int32_t exponent;
} tf8_factor;

typedef struct {
  tf8_factor factor;
  int32_t zero_point, low, high;
} tf8_requantization;

/* x / 2^shift rounded down; division rounds towards 0. */
static int64_t tf8_shift_down(int64_t x, int32_t shift) {
  const int64_t unit = (int64_t)1 << shift;
  return x < 0 ? -1 - (-1 - x) / unit : x / unit;
}

/* What is beyond +-1024 is clamped to the same byte. */
static uint8_t tf8_byte(int64_t scaled, const tf8_requantization *to) {
  const int32_t near = scaled < -1024 ? -1024 : scaled > 1024 ? 1024 : (int32_t)scaled;
  return (uint8_t)tf8_clamp(near + to->zero_point, to->low, to->high);
}
