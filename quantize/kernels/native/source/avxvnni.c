/* AVX-VNNI: vpdpbusd adds four products of uint8 and int8 to int32, exactly. */
#include "op.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,avxvnni")))
#include "vectors256.inc"
#include "row_sum.inc"

#define DOT(acc, x, w) _mm256_dpbusd_avx_epi32(acc, x, w)
#define WIDENS 0

#define NAME convolution_avxvnni
#include "convolution.inc"

#define COLUMN(acc, x, w, set, has_rest)                                       \
  ((has_rest) ? _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(acc, x, LOAD(w)), x, LOAD((w) + (set))) \
              : _mm256_dpbusd_avx_epi32(acc, x, LOAD(w)))
#define BLOCK_ROW depthwise_block_row
#define BLOCK_NAME depthwise_block
#include "depthwise.inc"

#define DEPTHWISE_NAME depthwise_avxvnni
#include "depthwise_rows.inc"
#endif
