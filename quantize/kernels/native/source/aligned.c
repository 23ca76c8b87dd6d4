#include "aligned.h"

#include <stdlib.h>
#include <string.h>

uint8_t *aligned_zeros(size_t bytes) {
  void *memory = NULL;
  const size_t some = bytes > 0 ? bytes : 1;
  if (posix_memalign(&memory, ALIGNMENT, some) != 0) return NULL;
  return memset(memory, 0, some);
}
