/* Operations of two tensors, element by element. */
#ifndef TF8_ELEMENTWISE_H
#define TF8_ELEMENTWISE_H

#include "op.h"

/* A call of two tensors: a is [rows, columns], b [rows / share, columns]. */
typedef struct Elementwise {
  int32_t rows, columns, share;
  int32_t a_zero_point, b_zero_point;
  /* eq. 9 */
  int32_t a_multiplier, b_multiplier, shift;
  /* eq. 5 of a product; of a sum, what the bytes are bounded by. */
  Requantization requantization;
  /* eq. 16 of a product, where that is no ROUNDING_SINGLE. */
  Rounding rounding;
  Factor factor;
} Elementwise;

/* NULL when memory is short. */
Op *op_create_elementwise(OpKind kind, Isa isa, const Elementwise *elementwise);

/* Rows [first, last) of a sum, a difference, a product, a maximum or a minimum. */
void elementwise_run(const Op *op, const uint8_t *a, const uint8_t *b, uint8_t *output, size_t first,
                     size_t last);

#endif
