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

/* An output row between two of the input's. */
typedef struct {
  const uint8_t *top, *bottom;
  int32_t down;       /* the bottom row's weight */
  size_t length;      /* of an input row */
  int32_t *between;   /* [length], what lies between both rows */
  const Tap *columns; /* [width] */
  int32_t width;
  size_t channels;
} Row;

typedef void (*RunRow)(const Row *row, uint8_t *restrict to);

/*
 * First down, for which a row's pixels are alike, then across: the same integers as eq. 13's the other way
 * round. |sum| <= 255 * 2^22 + 2^21 < 2^31
 */
#define DEFINE_ROW(NAME, TARGET)                                                             \
  TARGET static void NAME(const Row *row, uint8_t *restrict to) {                            \
    const uint8_t *top = row->top, *bottom = row->bottom;                                    \
    const int32_t down = row->down;                                                          \
    const size_t channels = row->channels;                                                   \
    int32_t *restrict between = row->between;                                                \
    for (size_t i = 0; i < row->length; i++) {                                               \
      between[i] = top[i] * 2048 + (bottom[i] - top[i]) * down;                              \
    }                                                                                        \
    for (int32_t x = 0; x < row->width; x++, to += channels) {                               \
      const int32_t *left = between + (size_t)row->columns[x].first * channels;              \
      const int32_t *right = between + (size_t)row->columns[x].second * channels;            \
      const int32_t across = row->columns[x].weight;                                         \
      for (size_t i = 0; i < channels; i++) {                                                \
        to[i] = (uint8_t)((left[i] * 2048 + (right[i] - left[i]) * across + (1 << 21)) >> 22); \
      }                                                                                      \
    }                                                                                        \
  }

DEFINE_ROW(run_row, )
#if TF8_X86
DEFINE_ROW(run_row_avx2, __attribute__((target("avx2"))))
#endif

static RunRow run_row_of(const Op *op) {
#if TF8_X86
  if (op->isa != ISA_SCALAR) return run_row_avx2;
#endif
  (void)op;
  return run_row;
}

/* Whether each byte is one of the input's. */
static int is_copied(const Op *op, const Tap *columns) {
  for (int32_t x = 0; x < op->output_width; x++) {
    if (columns[x].weight != 0) return 0;
  }
  return 1;
}

void resize_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                int32_t *between) {
  const Tap *rows = op->taps, *columns = rows + op->output_height;
  const size_t channels = (size_t)op->channels, row_bytes = (size_t)op->width * channels;
  const size_t height = (size_t)op->output_height;
  const RunRow run = run_row_of(op);
  const int copies_columns = is_copied(op, columns);
  uint8_t *to = output + first * (size_t)op->output_channels;
  for (size_t row = first; row < last; row++, to += op->output_channels) {
    const Tap tap = rows[row % height];
    const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
    const uint8_t *top = image + (size_t)tap.first * row_bytes;
    if (tap.weight == 0 && copies_columns) {
      for (int32_t x = 0; x < op->output_width; x++) {
        memcpy(to + (size_t)x * channels, top + (size_t)columns[x].first * channels, channels);
      }
      continue;
    }
    const Row mixed = {.top = top,
                       .bottom = image + (size_t)tap.second * row_bytes,
                       .down = tap.weight,
                       .length = row_bytes,
                       .between = between,
                       .columns = columns,
                       .width = op->output_width,
                       .channels = channels};
    run(&mixed, to);
  }
}
