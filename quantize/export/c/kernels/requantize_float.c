/* Equation 5, from accumulators to bytes. */
typedef struct {
  float multiplier;
} tf8_factor;

typedef struct {
  tf8_factor factor;
  int32_t zero_point, low, high;
} tf8_requantization;

/*
 * One multiplication in IEEE single precision and one rounding, half to even. The product is rounded by
 * an assignment and no sum follows it, so neither excess precision nor contraction changes a byte. What
 * is beyond +-1024 is clamped to the same byte as 1024; below, a half more is exact.
 */
static uint8_t tf8_requantize(int32_t accumulator, const tf8_factor *factor,
                              const tf8_requantization *to) {
  const float scaled = (float)accumulator * factor->multiplier;
  const float magnitude = scaled < 0 ? -scaled : scaled;
  int32_t rounded = 1024;
  if (magnitude < 1024) {
    rounded = (int32_t)magnitude;
    const float tie = (float)rounded + 0.5f;
    if (magnitude > tie || (magnitude == tie && rounded % 2 == 1)) rounded++;
  }
  return (uint8_t)tf8_clamp((scaled < 0 ? -rounded : rounded) + to->zero_point, to->low, to->high);
}
