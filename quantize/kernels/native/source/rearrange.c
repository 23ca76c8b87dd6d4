/* An image's bytes in other places. */
#include "rearrange.h"

#include <stdlib.h>
#include <string.h>

enum { LAST = LOOPS - 1 };

int is_rearrangement(const Rearrangement *r) {
  int64_t least = r->offset, greatest = r->offset, bytes = r->batch;
  for (int k = 0; k < LOOPS; k++) {
    if (r->sizes[k] < 1 || r->begins[k] < 0 || r->begins[k] >= r->ends[k] ||
        r->ends[k] > r->sizes[k]) {
      return 0;
    }
    const int64_t low = (int64_t)r->begins[k] * r->strides[k];
    const int64_t high = (int64_t)(r->ends[k] - 1) * r->strides[k];
    least += low < high ? low : high;
    greatest += low < high ? high : low;
    bytes *= r->sizes[k];
    if (bytes > INT32_MAX) return 0;
  }
  return least >= 0 && greatest < r->image_bytes;
}

Op *op_create_rearrangement(const Rearrangement *rearrangement) {
  Op *op = calloc(1, sizeof *op);
  Rearrangement *own = malloc(sizeof *own);
  if (op == NULL || own == NULL) {
    free(op);
    free(own);
    return NULL;
  }
  *own = *rearrangement;
  op->kind = OP_REARRANGE;
  op->references = 1;
  op->rearrangement = own;
  op->rows = (size_t)own->batch;
  for (int k = 0; k < LAST; k++) op->rows *= (size_t)own->sizes[k];
  op->output_channels = own->sizes[LAST];
  return op;
}

void rearrange_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last) {
  const Rearrangement *r = op->rearrangement;
  const size_t length = (size_t)r->sizes[LAST];
  const size_t begin = (size_t)r->begins[LAST], end = (size_t)r->ends[LAST];
  const ptrdiff_t stride = r->strides[LAST];
  for (size_t row = first; row < last; row++) {
    uint8_t *to = output + row * length;
    size_t rest = row;
    ptrdiff_t from = r->offset;
    int is_inside = 1;
    for (int k = LAST - 1; k >= 0; k--) {
      const int32_t index = (int32_t)(rest % (size_t)r->sizes[k]);
      rest /= (size_t)r->sizes[k];
      from += (ptrdiff_t)index * r->strides[k];
      is_inside &= index >= r->begins[k] && index < r->ends[k];
    }
    if (!is_inside) {
      memset(to, r->fill, length);
      continue;
    }
    from += (ptrdiff_t)rest * r->image_bytes;
    memset(to, r->fill, begin);
    if (stride == 1) {
      memcpy(to + begin, input + from + (ptrdiff_t)begin, end - begin);
    } else {
      for (size_t i = begin; i < end; i++) to[i] = input[from + (ptrdiff_t)i * stride];
    }
    memset(to + end, r->fill, length - end);
  }
}
