/* An image's bytes in other places. */
#ifndef TF8_REARRANGE_H
#define TF8_REARRANGE_H

#include "op.h"

#define LOOPS 5

/* eq. 11: five loops over the output of each image. */
typedef struct Rearrangement {
  int32_t batch, image_bytes;
  int32_t sizes[LOOPS], strides[LOOPS], begins[LOOPS], ends[LOOPS];
  int32_t offset, fill;
} Rearrangement;

/* NULL when memory is short. */
Op *op_create_rearrangement(const Rearrangement *rearrangement);

/* Whether every place that the loops read lies in an image, and the output has at most 2^31 - 1 bytes. */
int is_rearrangement(const Rearrangement *rearrangement);

/* Rows [first, last) of the last loop. */
void rearrange_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last);

#endif
