/* The weights and biases of an Op whose geometry is set; 0 when memory is short. */
#ifndef TF8_PACK_H
#define TF8_PACK_H

#include "op.h"

/* filter: [depth, output_channels] uint8. */
int pack_convolution(Op *op, const Weights *weights, int32_t filter_zero_point);

/* filter: [kh, kw, output_channels] uint8. */
int pack_depthwise(Op *op, const Weights *weights, int32_t filter_zero_point);

#endif
