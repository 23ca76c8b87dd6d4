/* Which kernel a convolution has, and its panels of packed columns. */
#include "op.h"

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

ConvolutionKernel convolution_kernel(const Op *op) {
#if TF8_X86
  if (op->chain_panels != NULL) return convolution_avx2_chains;
#endif
  return KERNELS[op->isa];
}

void convolution_rows(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                      Scratch *scratch) {
  const int32_t panels = (int32_t)convolution_panels(op);
  convolution_kernel(op)(op, input, output, first, last, 0, panels, scratch);
}
