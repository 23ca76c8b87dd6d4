/* The weights and biases of an Op whose geometry is set; 0 when memory is short. */
#ifndef TF8_PACK_H
#define TF8_PACK_H

#include "op.h"

/* filter: [depth, output_channels] uint8; bias: [output_channels] int32. */
int pack_convolution(Op *op, const uint8_t *filter, int32_t filter_zero_point, const int32_t *bias);

/* filter: [kh, kw, output_channels] uint8; bias: [output_channels] int32. */
int pack_depthwise(Op *op, const uint8_t *filter, int32_t filter_zero_point, const int32_t *bias);

#endif
