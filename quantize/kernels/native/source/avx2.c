/*
 * AVX2: the convolution whose weights chains (chains.h) do not suit: bytes are widened to int16 and
 * multiplied by vpmaddwd, whose sums of two products are exact (2 * 255 * 255 < 2^31).
 */
#include "op.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

#define DOT(acc, x, w) _mm256_add_epi32(acc, _mm256_madd_epi16(x, w))
#define WIDENS 1
#undef TILE_ROWS
#define TILE_ROWS 6
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
#endif
