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

/* gemmlowp's two roundings: of the doubled high product, ties up; of the shift, ties away from 0. */
static uint8_t tf8_requantize(int32_t accumulator, const tf8_factor *factor,
                              const tf8_requantization *to) {
  int64_t raised = accumulator;
  if (factor->exponent > 0) raised *= (int64_t)1 << factor->exponent;
  if (raised > INT32_MAX) raised = INT32_MAX;
  if (raised < INT32_MIN) raised = INT32_MIN;
  int64_t scaled = tf8_shift_down(raised * factor->mantissa + ((int64_t)1 << 30), 31);
  if (factor->exponent < 0) {
    const int32_t shift = -factor->exponent;
    const int64_t half = (int64_t)1 << (shift - 1);
    const int64_t magnitude = tf8_shift_down((scaled < 0 ? -scaled : scaled) + half, shift);
    scaled = scaled < 0 ? -magnitude : magnitude;
  }
  return tf8_byte(scaled, to);
}
