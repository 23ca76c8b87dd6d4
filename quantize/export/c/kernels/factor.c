/* Of a channel: one of [output channels], or that of all where there are none. */
static const tf8_factor *tf8_factor_of(const tf8_factor *factors, const tf8_requantization *to,
                                       int32_t channel) {
  return factors == NULL ? &to->factor : factors + channel;
}
