/* eq. 13 in plain C; the compiler makes vectors of each instruction set's own of the channels. */
#include "resize.h"

#include <stdlib.h>
#include <string.h>

Op *op_create_resize(Isa isa, const Resize *resize) {
  const size_t rows = (size_t)resize->output_height, columns = (size_t)resize->output_width;
  Op *op = calloc(1, sizeof *op);
  Tap *taps = malloc((rows + columns) * sizeof *taps);
  if (op == NULL || taps == NULL) {
    free(op);
    free(taps);
    return NULL;
  }
  memcpy(taps, resize->rows, rows * sizeof *taps);
  memcpy(taps + rows, resize->columns, columns * sizeof *taps);
  op->kind = OP_RESIZE;
  op->isa = isa;
  op->references = 1;
  op->batch = resize->batch;
  op->height = resize->height;
  op->width = resize->width;
  op->channels = resize->channels;
  op->output_height = resize->output_height;
  op->output_width = resize->output_width;
  op->rows = (size_t)resize->batch * rows;
  op->output_channels = resize->output_width * resize->channels;
  op->taps = taps;
  return op;
}

/* The four values that a position lies between: two of one row, two of the next. */
typedef struct {
  const uint8_t *top_left, *top_right, *bottom_left, *bottom_right;
  int32_t across, down;
} Corners;

typedef void (*Mix)(const Corners *, int32_t channels, uint8_t *restrict to);

/* |sum| <= 255 * 2^22 + 2^21 < 2^31 */
#define DEFINE_MIX(NAME, TARGET)                                                                  \
  TARGET static void NAME(const Corners *c, int32_t channels, uint8_t *restrict to) {             \
    const uint8_t *top_left = c->top_left, *top_right = c->top_right;                              \
    const uint8_t *bottom_left = c->bottom_left, *bottom_right = c->bottom_right;                  \
    const int32_t across = c->across, down = c->down;                                              \
    for (int32_t i = 0; i < channels; i++) {                                                       \
      const int32_t top = top_left[i] * 2048 + (top_right[i] - top_left[i]) * across;              \
      const int32_t bottom = bottom_left[i] * 2048 + (bottom_right[i] - bottom_left[i]) * across;  \
      to[i] = (uint8_t)((top * 2048 + (bottom - top) * down + (1 << 21)) >> 22);                   \
    }                                                                                              \
  }

DEFINE_MIX(mix, )
#if TF8_X86
DEFINE_MIX(mix_avx2, __attribute__((target("avx2"))))
#endif

static Mix mix_of(const Op *op) {
#if TF8_X86
  if (op->isa != ISA_SCALAR) return mix_avx2;
#endif
  (void)op;
  return mix;
}

void resize_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last) {
  const Tap *rows = op->taps, *columns = rows + op->output_height;
  const size_t channels = (size_t)op->channels, row_bytes = (size_t)op->width * channels;
  const size_t height = (size_t)op->output_height;
  const Mix mix_channels = mix_of(op);
  uint8_t *to = output + first * (size_t)op->output_channels;
  for (size_t row = first; row < last; row++) {
    const Tap tap = rows[row % height];
    const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
    const uint8_t *top = image + (size_t)tap.first * row_bytes;
    const uint8_t *bottom = image + (size_t)tap.second * row_bytes;
    for (int32_t x = 0; x < op->output_width; x++, to += channels) {
      const size_t left = (size_t)columns[x].first * channels;
      const size_t right = (size_t)columns[x].second * channels;
      if (tap.weight == 0 && columns[x].weight == 0) {
        memcpy(to, top + left, channels);
        continue;
      }
      const Corners corners = {top + left,       top + right, bottom + left, bottom + right,
                               columns[x].weight, tap.weight};
      mix_channels(&corners, op->channels, to);
    }
  }
}
