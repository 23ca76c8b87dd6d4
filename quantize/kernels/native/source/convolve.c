/* Which kernel a convolution has, and its panels of packed columns. */
#include "lookup.h"

/* NULL for the instruction sets of another processor family. */
static const ConvolutionKernel KERNELS[ISA_COUNT] = {
    [ISA_SCALAR] = convolution_scalar,
#if TF8_X86
    [ISA_AVX2] = convolution_avx2,
#if TF8_AVXVNNI
    [ISA_AVXVNNI] = convolution_avxvnni,
#endif
    [ISA_AVX512VNNI] = convolution_avx512vnni,
#elif TF8_ARM64
    [ISA_NEONDOT] = convolution_neondot,
#endif
};

size_t convolution_panels(const Op *op) {
  const size_t columns = (size_t)op->output_channels;
  const size_t width = (size_t)op->panel_columns;
  return (columns + width - 1) / width;
}

static ConvolutionKernel convolution_kernel(const Op *op) {
#if TF8_X86
  if (op->chain_panels != NULL) return convolution_avx2_chains;
  if (op->isa == ISA_AVX2 && op->depth > DEEP_BYTES) return convolution_avx2_deep;
#endif
  return KERNELS[op->isa];
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void convolution_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                     size_t first_panel, size_t last_panel, Scratch *scratch) {
  const ConvolutionKernel kernel = convolution_kernel(op);
  const size_t column = first_panel * (size_t)op->panel_columns;
  const size_t end = smaller(last_panel * (size_t)op->panel_columns, (size_t)op->output_channels);
  const size_t step = op->table == NULL ? op->rows : op->block_rows;
  for (size_t row = first; row < last; row += step) {
    const size_t after = smaller(row + step, last);
    uint8_t *to = output + (row - first) * op->output_step;
    kernel(op, input, to, row, after, (int32_t)first_panel, (int32_t)last_panel, scratch);
    if (op->table == NULL || column >= end) continue;
    if (end - column == op->output_step) {
      look_up(op, to, (after - row) * op->output_step);
      continue;
    }
    for (size_t r = 0; r < after - row; r++) {
      look_up(op, to + r * op->output_step + column, end - column);
    }
  }
}

void convolution_rows(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                      Scratch *scratch) {
  convolution_run(op, input, output, first, last, 0, convolution_panels(op), scratch);
}
