/* Images at another size. */
#ifndef TF8_RESIZE_H
#define TF8_RESIZE_H

#include "op.h"

/* Between which two rows (or columns) a place lies, and the second one's weight in [0, 2048]. */
typedef struct {
  int32_t first, second, weight;
} Tap;

/* eq. 13: a tap for each row and each column of the output. */
typedef struct Resize {
  int32_t batch, height, width, channels;
  int32_t output_height, output_width;
  const Tap *rows, *columns;
} Resize;

/* Copies the taps; NULL when memory is short. */
Op *op_create_resize(Isa isa, const Resize *resize);

/* Output rows (of all images) [first, last); `between`: [width, channels]. */
void resize_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                int32_t *between);

#endif
