/* Memory that vectors are loaded from. */
#ifndef TF8_ALIGNED_H
#define TF8_ALIGNED_H

#include <stddef.h>
#include <stdint.h>

#define ALIGNMENT 64

/* `bytes` zeros at a multiple of ALIGNMENT, for free(); NULL when memory is short. */
uint8_t *aligned_zeros(size_t bytes);

#endif
