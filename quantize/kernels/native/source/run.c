/* Running a prepared call: which kernel, and which part of the work. */
#include "elementwise.h"
#include "lookup.h"
#include "prelu.h"
#include "rearrange.h"
#include "resize.h"
#include "rows.h"
#include "slices.h"
#include "softmax.h"

/* NULL for the instruction sets of another processor family. */
static const DepthwiseKernel DEPTHWISE[ISA_COUNT] = {
    [ISA_SCALAR] = depthwise_scalar,
#if TF8_X86
    [ISA_AVX2] = depthwise_avx2,
#if TF8_AVXVNNI
    [ISA_AVXVNNI] = depthwise_avxvnni,
#endif
    [ISA_AVX512VNNI] = depthwise_avx512vnni,
#elif TF8_ARM64
    [ISA_NEONDOT] = depthwise_neondot,
#endif
};

/* Parts for each thread: a thread that lags behind, or sleeps, leaves some of its own to others. */
#define PARTS_PER_THREAD 4

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Where part `index` of `count` begins. */
static size_t part(size_t total, size_t index, size_t count) {
  return total / count * index + total % count * index / count;
}

/* Panels are divided rather than rows where the weights are the larger part of what is read. */
static int is_divided_by_panels(const Op *op) {
  const size_t input_bytes = op->rows * (size_t)op->depth;
  return op->isa != ISA_SCALAR && (op->rows < 2 * TILE_HEIGHT || op->weight_bytes > input_bytes);
}

static size_t output_rows(const Op *op) { return (size_t)op->batch * (size_t)op->output_height; }

/* What an op is divided into: tiles, panels, rows or positions. */
static size_t unit_count(const Op *op) {
  switch (op->kind) {
    case OP_CONVOLUTION:
      return is_divided_by_panels(op) ? convolution_panels(op)
                                      : (op->rows + TILE_HEIGHT - 1) / TILE_HEIGHT;
    case OP_CONCAT:
    case OP_ADD:
    case OP_MULTIPLY:
    case OP_REARRANGE:
    case OP_RESIZE:
    case OP_MAXIMUM:
    case OP_MINIMUM:
    case OP_SOFTMAX:
    case OP_PRELU:
      return op->rows;
    case OP_SLICED:
      return slices_units(op);
    default:
      return output_rows(op);
  }
}

size_t op_parts(const Op *op, int threads) {
  if (threads == 1) return 1;
  const size_t parts = smaller(unit_count(op), PARTS_PER_THREAD * (size_t)threads);
  return parts > 0 ? parts : 1;
}

/* A depthwise convolution's output rows; with a table one at a time. */
static void run_depthwise(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                          size_t last, Scratch *scratch) {
  const size_t row_bytes = (size_t)op->output_width * (size_t)op->output_channels;
  if (op->row != NULL) {
    for (size_t row = first; row < last; row++) {
      uint8_t *to = output + row * row_bytes;
      copy_rows(op, input, row, scratch->gathered);
      DEPTHWISE[op->row->isa](op->row, scratch->gathered, to, 0, 1, scratch);
      if (op->table != NULL) look_up(op, to, row_bytes);
    }
    return;
  }
  const Isa isa = op->block_count > 0 ? op->isa : ISA_SCALAR;
  const DepthwiseKernel kernel = DEPTHWISE[isa];
  const size_t step = op->table == NULL ? op->rows : 1;
  for (size_t row = first; row < last; row += step) {
    const size_t after = smaller(row + step, last);
    kernel(op, input, output, row, after, scratch);
    if (op->table != NULL) look_up(op, output + row * row_bytes, (after - row) * row_bytes);
  }
}

void op_run(const Op *op, const uint8_t *const *inputs, uint8_t *output, size_t index, size_t count,
            uint8_t *memory) {
  const size_t units = unit_count(op);
  const size_t first = part(units, index, count), last = part(units, index + 1, count);
  if (op->kind == OP_SLICED) {
    slices_run(op, inputs[0], output, first, last, memory);
    return;
  }
  Scratch scratch = op_scratch(op, memory);
  switch (op->kind) {
    case OP_CONVOLUTION:
      if (is_divided_by_panels(op)) {
        convolution_run(op, inputs[0], output, 0, op->rows, first, last, &scratch);
      } else {
        const size_t begin = smaller(first * TILE_HEIGHT, op->rows);
        convolution_rows(op, inputs[0], output + begin * op->output_step, begin,
                         smaller(last * TILE_HEIGHT, op->rows), &scratch);
      }
      return;
    case OP_DEPTHWISE:
      run_depthwise(op, inputs[0], output, first, last, &scratch);
      return;
    case OP_CONCAT:
      concat_scalar(op, inputs, output, first, last);
      return;
    case OP_ADD:
    case OP_MULTIPLY:
    case OP_MAXIMUM:
    case OP_MINIMUM:
      elementwise_run(op, inputs[0], inputs[1], output, first, last);
      return;
    case OP_REARRANGE:
      rearrange_run(op, inputs[0], output, first, last);
      return;
    case OP_RESIZE:
      resize_run(op, inputs[0], output, first, last, scratch.accumulators);
      return;
    case OP_SOFTMAX:
      softmax_run(op, inputs[0], output, first, last);
      return;
    case OP_PRELU:
      prelu_run(op, inputs[0], output, first, last);
      return;
    default:
      pool_scalar(op, inputs[0], output, first, last, &scratch);
      return;
  }
}
