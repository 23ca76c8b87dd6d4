/* Equation 5, from accumulators to bytes: the multiplier is mantissa / 2^shift. */
typedef struct {
  uint32_t mantissa; /* in [2^23, 2^24) */
  int32_t shift;
} tf8_factor;

typedef struct {
  tf8_factor factor;
  int32_t zero_point, low, high;
} tf8_requantization;

/* Bits of x behind its lowest 24; x < 2^48. */
static int32_t tf8_bits_above_24(uint64_t x) {
  uint32_t high = (uint32_t)(x >> 24);
  int32_t bits = 0;
  for (int32_t step = 16; step > 0; step /= 2) {
    if (high >> step != 0) {
      high >>= step;
      bits += step;
    }
  }
  return bits + (high != 0);
}

/* x / 2^shift to the nearest integer, ties to the even one; shift in [0, 48]. */
static uint64_t tf8_shift_half_even(uint64_t x, int32_t shift) {
  if (shift == 0) return x;
  const uint64_t half = (uint64_t)1 << (shift - 1);
  const uint64_t down = x >> shift;
  const uint64_t rest = x - (down << shift);
  return down + (rest > half || (rest == half && down % 2 == 1));
}

/*
 * What IEEE single precision computes, in integers: the accumulator and its product with the multiplier
 * are each rounded to 24 bits, half to even, then the product to an integer. A product of 1024 and more
 * is clamped to the same byte as 1024. A single has no smaller exponent than such a product: it lies
 * above 2^-126, or so near 0 that it is rounded to 0 anyway.
 */
static uint8_t tf8_requantize(int32_t accumulator, const tf8_factor *factor,
                              const tf8_requantization *to) {
  const uint32_t magnitude = accumulator < 0 ? 0u - (uint32_t)accumulator : (uint32_t)accumulator;
  const int32_t first = tf8_bits_above_24(magnitude);
  const uint64_t product = tf8_shift_half_even(magnitude, first) * factor->mantissa;
  const int32_t second = tf8_bits_above_24(product);
  const uint64_t single = tf8_shift_half_even(product, second);
  const int32_t shift = factor->shift - first - second;
  int32_t rounded = 0;
  if (shift <= 0) {
    rounded = single == 0 ? 0 : 1024; /* single >= 2^23 where it is not 0 */
  } else if (shift <= 48) {
    const uint64_t whole = tf8_shift_half_even(single, shift);
    rounded = whole < 1024 ? (int32_t)whole : 1024;
  }
  return (uint8_t)tf8_clamp((accumulator < 0 ? -rounded : rounded) + to->zero_point, to->low,
                            to->high);
}
