/* A ReLU with a slope of its own for each channel or value (eq. 12). */
#ifndef TF8_PRELU_H
#define TF8_PRELU_H

#include "op.h"

/* alpha: [slopes]; table: [256, 256] the output byte by the slope's and the input's. NULL when memory is short. */
Op *op_create_prelu(int32_t rows, int32_t slopes, const uint8_t *alpha, const uint8_t *table);

/* Values [first, last). */
void prelu_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last);

#endif
