/* AVX-VNNI: vpdpbusd adds four products of uint8 and int8 to int32, exactly. */
#include "peak.h"

#if TF8_AVXVNNI
#include <immintrin.h>
#include <string.h>

/* TF8_AVXVNNI_AS_EVEX: for tests on a processor that has AVX-512 VNNI instead. */
#ifdef TF8_AVXVNNI_AS_EVEX
#define TARGET __attribute__((target("avx2,avx512vl,avx512vnni")))
#define VEX ""
#else
#define TARGET __attribute__((target("avx2,avxvnni")))
#define VEX "%{vex%} "
#endif
#include "vectors256.inc"
#include "row_terms.inc"

/* The intrinsic, but in place: GCC 12 copies the accumulator around it twice. */
TARGET static inline __m256i dot(__m256i acc, __m256i x, __m256i w) {
  __asm__(VEX "vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(x), "xm"(w));
  return acc;
}

#define DOT(acc, x, w) dot(acc, x, w)
#define WIDENS 0

#define DOT_PRODUCTS 4
#define PEAK_NAME peak_avxvnni
#include "peak.inc"

#define NAME convolution_avxvnni
#include "convolution.inc"

#define COLUMN(acc, x, w, set, has_rest)                                       \
  ((has_rest) ? dot(dot(acc, x, LOAD(w)), x, LOAD((w) + (set))) : dot(acc, x, LOAD(w)))
#define BLOCK_ROW depthwise_block_row
#define BLOCK_NAME depthwise_block
#include "depthwise.inc"

#define DEPTHWISE_NAME depthwise_avxvnni
#include "depthwise_rows.inc"
#endif
