#include <stdint.h>

/* Bytes of one image, [height][width][channels]; a byte q stands for scale * (q - zero_point). */
typedef struct {
  const char *name;
  int32_t height, width, channels;
  float scale;
  int32_t zero_point;
  uint8_t *data;
} tf8_tensor;

/*
 * A fully connected layer is a convolution, and a global pool a pool, whose window is as large as the
 * image.
 */
typedef enum {
  TF8_CONV_2D,
  TF8_DEPTHWISE_CONV_2D,
  TF8_AVERAGE_POOL_2D,
  TF8_MAX_POOL_2D,
  TF8_CONCAT,
  TF8_ADD, /* and subtract: its second multiplier is negative */
  TF8_MULTIPLY,
  TF8_LOOKUP,
  TF8_REARRANGE
} tf8_op;

typedef enum { TF8_LINEAR, TF8_RELU, TF8_RELU6 } tf8_activation;

/* Five loops over an output whose bytes have other places in the input, by equation 11. */
typedef struct {
  int32_t sizes[5], strides[5], begins[5], ends[5];
  int32_t offset;
} tf8_map;

/* One operation. What its op does not have is 0. */
typedef struct {
  tf8_op op;
  tf8_activation activation;
  /* Indices of tensors. */
  const int32_t *inputs;
  int32_t input_count;
  int32_t output;
  int32_t window_height, window_width;
  int32_t stride_height, stride_width;
  int32_t padding_top, padding_left;
  /* From one tap of a convolution's window to the next. */
  int32_t dilation_height, dilation_width;
  /* [window_height][window_width][input channels][outputs, or outputs per channel if depthwise] */
  const uint8_t *weights;
  float weights_scale;
  int32_t weights_zero_point;
  /* [output channels], at input scale * weights scale, zero point 0 */
  const int32_t *bias;
  /* Of a sum, by equation 9. */
  int32_t multipliers[2], shift;
  /* Of a concatenation: how many runs of each input there are, one of each after the other. */
  int32_t runs;
  const tf8_map *map;
  /* [256]: the output byte of each input byte, by equation 10. */
  const uint8_t *table;
} tf8_node;
