/* Probabilities. */
#ifndef TF8_SOFTMAX_H
#define TF8_SOFTMAX_H

#include "op.h"

/* `powers` [256]: of the distances from the greatest byte, 1 the first. NULL when memory is short. */
Op *op_create_softmax(int32_t positions, int32_t channels, const float *powers);

/* Positions [first, last). */
void softmax_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last);

#endif
