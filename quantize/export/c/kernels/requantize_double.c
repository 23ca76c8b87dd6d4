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
