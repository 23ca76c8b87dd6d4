/* A ReLU with a slope of its own for each channel or value. */
#include "prelu.h"

#include <stdlib.h>
#include <string.h>

#include "aligned.h"

#define TABLE_BYTES (256 * 256)

Op *op_create_prelu(int32_t rows, int32_t slopes, const uint8_t *alpha, const uint8_t *table) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = OP_PRELU;
  op->references = 1;
  op->batch = rows;
  op->height = op->width = 1;
  op->channels = slopes;
  op->output_channels = 1;
  op->rows = (size_t)rows * (size_t)slopes;
  op->weights = aligned_zeros((size_t)slopes);
  op->tables = malloc(TABLE_BYTES);
  if (op->weights == NULL || op->tables == NULL) {
    op_release(op);
    return NULL;
  }
  memcpy(op->weights, alpha, (size_t)slopes);
  memcpy(op->tables, table, TABLE_BYTES);
  return op;
}

void prelu_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last) {
  const size_t slopes = (size_t)op->channels;
  size_t slope = first % slopes;
  while (first < last) {
    const size_t end = slopes - slope < last - first ? first + slopes - slope : last;
    const uint8_t *alpha = op->weights + slope;
    for (size_t i = first; i < end; i++) {
      output[i] = op->tables[256 * (size_t)alpha[i - first] + input[i]];
    }
    first = end;
    slope = 0;
  }
}
