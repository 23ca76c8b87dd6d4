/* AVX2: convolutions of widened bytes, four vectors of columns at a time. */
#include "op.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

#define NAME convolution_avx2
#define WIDE_VECTORS PANEL_VECTORS
#include "widened256.inc"
#endif
