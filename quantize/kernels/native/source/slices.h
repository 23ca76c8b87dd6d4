/* Several plain convolutions of one input into parts of one output: groups of channels, phases of a
   transposed convolution. */
#ifndef TF8_SLICES_H
#define TF8_SLICES_H

#include "op.h"

/* Where a slice reads and writes, in bytes of the whole tensors. */
typedef struct {
  int32_t input_offset;  /* of its first channel, at each position */
  int32_t output_offset; /* of its first position */
  int32_t output_step;   /* to its next position in a row */
  int32_t output_row;    /* to its next row */
} SlicePlace;

/* The slices of an Op, which it keeps open. */
typedef struct Slices {
  size_t count;
  Op **ops;
  SlicePlace *places;
} Slices;

/* The whole tensors, [batch, height, width, channels] each. */
typedef struct {
  int32_t batch, height, width, channels;
  int32_t output_height, output_width, output_channels;
} WholeTensors;

/* Whether a convolution reads and writes within the tensors at its place. */
int is_slice(const Op *op, const SlicePlace *place, const WholeTensors *whole);

/* Keeps the ops, which are made for this and are changed; NULL when memory is short. */
Op *op_create_sliced(size_t count, Op *const *ops, const SlicePlace *places,
                     const WholeTensors *whole);

/* What the slices are divided into. */
size_t slices_units(const Op *op);
void slices_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                uint8_t *memory);

#endif
