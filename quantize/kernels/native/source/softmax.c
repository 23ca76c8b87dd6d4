/* eq. 15: a sum in single precision has an order, so no vectors. */
#include "softmax.h"

#include <stdlib.h>
#include <string.h>

#define POWERS 256

Op *op_create_softmax(int32_t positions, int32_t channels, const float *powers) {
  Op *op = calloc(1, sizeof *op);
  float *own = malloc(POWERS * sizeof *own);
  if (op == NULL || own == NULL) {
    free(op);
    free(own);
    return NULL;
  }
  memcpy(own, powers, POWERS * sizeof *own);
  op->kind = OP_SOFTMAX;
  op->references = 1;
  op->batch = positions;
  op->height = op->width = 1;
  op->channels = op->output_channels = channels;
  op->rows = (size_t)positions;
  op->powers = own;
  return op;
}

void softmax_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last) {
  const size_t channels = (size_t)op->channels;
  for (size_t position = first; position < last; position++) {
    const uint8_t *from = input + position * channels;
    uint8_t *to = output + position * channels;
    int32_t greatest = 0;
    for (size_t c = 0; c < channels; c++) greatest = from[c] > greatest ? from[c] : greatest;
    float sum = 0;
    for (size_t c = 0; c < channels; c++) sum += op->powers[greatest - from[c]];
    const float factor = 256.0f / sum;
    for (size_t c = 0; c < channels; c++) {
      const float share = op->powers[greatest - from[c]] * factor;
      const int32_t byte = (int32_t)(share + 0.5f);
      to[c] = (uint8_t)(byte > 255 ? 255 : byte);
    }
  }
}
