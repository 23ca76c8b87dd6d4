/*
 * AVX2: the convolution whose weights chains (chains.h) do not suit: bytes are widened to int16 and
 * multiplied by vpmaddwd, whose sums of two products are exact (2 * 255 * 255 < 2^31). And the
 * depthwise convolution, likewise.
 */
#include "op.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

#define DOT(acc, x, w) _mm256_add_epi32(acc, _mm256_madd_epi16(x, w))
#define WIDENS 1
#define WIDEN widen

TARGET static void widen(const uint8_t *from, size_t length, uint8_t *to) {
  size_t i = 0;
  for (; i + 16 <= length; i += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
    _mm256_storeu_si256((__m256i *)(void *)(to + 2 * i), _mm256_cvtepu8_epi16(bytes));
  }
  for (; i < length; i++) {
    to[2 * i] = from[i];
    to[2 * i + 1] = 0;
  }
}

#define NAME convolution_avx2
#include "convolution.inc"

/* Groups (x0, x1, x2, 0): the even bytes are rows 0 and 2, the odd ones row 1, as int16. */
TARGET static inline __m256i column(__m256i acc, __m256i x, const uint8_t *w, size_t set) {
  const __m256i even = _mm256_and_si256(x, _mm256_set1_epi16(255));
  const __m256i odd = _mm256_srli_epi16(x, 8);
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(even, LOAD(w)));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(odd, LOAD(w + set)));
}
#define COLUMN(acc, x, w, set, has_rest) column(acc, x, w, set)
#define BLOCK_ROW depthwise_block_row
#define BLOCK_NAME depthwise_block
#include "depthwise.inc"

#define DEPTHWISE_NAME depthwise_avx2
#include "depthwise_rows.inc"
#endif
