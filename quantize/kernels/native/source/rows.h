/*
 * Depthwise convolutions of few channels: a row of an image is a run of bytes, of which a vector takes
 * several pixels at once. An output row is made by an Op of its own, whose channels are those of `pixels`
 * pixels, from a copy of the input's rows with their padding. With a stride the copy has the columns of each
 * phase beside each other, so that a tap's bytes follow each other for any window.
 */
#ifndef TF8_ROWS_H
#define TF8_ROWS_H

#include "op.h"

/* Output pixels that vectors should take at once; 1 where a depthwise convolution is taken as it is. */
int32_t pixels_of_row(Isa isa, const Windowed *w);

/* The call of one output row, `pixels` of them as one. */
Windowed windowed_row(const Windowed *w, int32_t pixels);

/* Each output's weights, `pixels` times; 0 when memory is short, and nothing is kept then. */
int repeat_weights(const Windowed *w, const Weights *weights, int32_t pixels, Weights *repeated);
void free_weights(Weights *repeated);

/* Bytes of what `copy_rows` writes. */
size_t row_bytes_of(const Op *op);
/* The input of one output row for `op->row`. */
void copy_rows(const Op *op, const uint8_t *input, size_t row, uint8_t *to);

#endif
