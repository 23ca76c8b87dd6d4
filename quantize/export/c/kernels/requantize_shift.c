/* One rounding of the 64-bit product, ties up. */
static uint8_t tf8_requantize(int32_t accumulator, const tf8_factor *factor,
                              const tf8_requantization *to) {
  const int32_t shift = 31 - factor->exponent;
  const int64_t product = (int64_t)accumulator * factor->mantissa;
  return tf8_byte(tf8_shift_down(product + ((int64_t)1 << (shift - 1)), shift), to);
}
