/* A layer with weights. */
typedef struct {
  tf8_window window;
  const uint8_t *weights;
  const int32_t *bias; /* [output channels], at input scale * weights scale */
  const tf8_factor *factors; /* [output channels]; NULL where to.factor is that of all */
  int32_t input_zero_point, weights_zero_point;
  tf8_requantization to;
} tf8_convolution;
