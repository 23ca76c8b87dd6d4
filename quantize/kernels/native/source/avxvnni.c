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
#define DEFINE_DOT(NAME, VECTOR)                                               \
  TARGET static inline VECTOR NAME(VECTOR acc, VECTOR x, VECTOR w) {           \
    __asm__(VEX "vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(x), "xm"(w));          \
    return acc;                                                                \
  }
DEFINE_DOT(dot, __m256i)
DEFINE_DOT(dot128, __m128i)

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

#define ANY_NAME depthwise_any
#define ANY_WINDOW any_window
#include "depthwise_any.inc"

#include "vectors128.inc"
#define COLUMN(acc, x, w, set, has_rest)                                                        \
  ((has_rest) ? dot128(dot128(acc, x, LOAD(w)), x, LOAD((w) + (set))) : dot128(acc, x, LOAD(w)))
#define BLOCK_ROW depthwise_block_row16
#define BLOCK_NAME depthwise_block16
#include "depthwise.inc"
#define ANY_NAME depthwise_any16
#define ANY_WINDOW any_window16
#include "depthwise_any.inc"

TARGET void depthwise_avxvnni(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                              size_t last, Scratch *scratch) {
  (void)scratch;
  const Constants256 constants = make_constants256(&op->requantization);
  const int is_any = !is_3x3(op);
  for (size_t row = first; row < last; row++) {
    for (int32_t b = 0; b < op->block_count; b++) {
      const ChannelBlock *block = &op->blocks[b];
      if (block->width == 32) {
        (is_any ? depthwise_any : depthwise_block)(op, block, input, output, row, &constants);
      } else {
        (is_any ? depthwise_any16 : depthwise_block16)(op, block, input, output, row, &constants);
      }
    }
  }
}
#endif
