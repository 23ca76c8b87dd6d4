/* What becomes of a convolution's bytes, eq. 10. */
#ifndef TF8_LOOKUP_H
#define TF8_LOOKUP_H

#include "op.h"

/* Of bytes that were just written, and are in the cache, by the op's table. */
void look_up(const Op *op, uint8_t *bytes, size_t length);

#endif
