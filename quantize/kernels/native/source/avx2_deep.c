/*
 * AVX2: convolutions of widened bytes whose rows are long: panels of two vectors of columns, taller tiles, so
 * that a panel's weights stay in the L1 cache.
 */
#include "op.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"
#undef TILE_ROWS
#define TILE_ROWS 6

#define NAME convolution_avx2_deep
#define WIDE_VECTORS DEEP_VECTORS
#include "widened256.inc"
#endif
