/* AVX-512 VNNI: vpdpbusd adds four products of uint8 and int8 to int32, exactly. */
#include "peak.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni")))

/*
 * The intrinsic, but in place: GCC 12 copies the accumulator around it twice, which halves the speed
 * of the matrix product.
 */
#define DEFINE_DOT(NAME, VECTOR)                                                  \
  TARGET static inline VECTOR NAME(VECTOR acc, VECTOR x, VECTOR w) {              \
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(x), "v"(w));                  \
    return acc;                                                                   \
  }
DEFINE_DOT(dot128, __m128i)
DEFINE_DOT(dot256, __m256i)
DEFINE_DOT(dot512, __m512i)

/* Blocks of 32 channels of the depthwise convolution. */
#include "vectors256.inc"
#include "row_terms.inc"
#define DOT(acc, x, w) dot256(acc, x, w)
#define SLIDES
#define SLIDING_ROW depthwise_sliding_row32
#define COLUMN(acc, x, w, set, has_rest)                                                        \
  ((has_rest) ? dot256(dot256(acc, x, LOAD(w)), x, LOAD((w) + (set))) : dot256(acc, x, LOAD(w)))
#define BLOCK_ROW depthwise_block_row32
#define BLOCK_NAME depthwise_block32
#include "depthwise.inc"

#define ANY_NAME depthwise_any32
#define ANY_WINDOW any_window32
#include "depthwise_any.inc"

#include "vectors128.inc"
#define DOT(acc, x, w) dot128(acc, x, w)
#define SLIDING_ROW depthwise_sliding_row16
#define COLUMN(acc, x, w, set, has_rest)                                                        \
  ((has_rest) ? dot128(dot128(acc, x, LOAD(w)), x, LOAD((w) + (set))) : dot128(acc, x, LOAD(w)))
#define BLOCK_ROW depthwise_block_row16
#define BLOCK_NAME depthwise_block16
#include "depthwise.inc"
#define ANY_NAME depthwise_any16
#define ANY_WINDOW any_window16
#include "depthwise_any.inc"

#include "no_vectors.inc"
#define VECTOR __m512i
#define LANES 16
#define REGISTER "v"
#define TILE_ROWS 6
#define LOAD(p) _mm512_load_si512((const void *)(p))
#define SPLAT(x) _mm512_set1_epi32(x)
#define ADD(a, b) _mm512_add_epi32(a, b)
#define BYTES(p) _mm512_loadu_si512((const void *)(p))
#define LOW8(a, b) _mm512_unpacklo_epi8(a, b)
#define HIGH8(a, b) _mm512_unpackhi_epi8(a, b)
#define LOW16(a, b) _mm512_unpacklo_epi16(a, b)
#define HIGH16(a, b) _mm512_unpackhi_epi16(a, b)
#define ZERO _mm512_setzero_si512()
#define DOT(acc, x, w) dot512(acc, x, w)
#define CONSTANTS Constants512
#define STORE_PANEL store_panel512
#define STORE_PAIR store_pair512
#define STORE_VECTOR store_vector512
#define MAKE_CONSTANTS make_constants512
#define WIDENS 0

/* As in vectors256.inc. */
typedef struct {
  __m512i zero_point; /* int16 */
  __m512i low;        /* uint8 */
  __m512i high;       /* uint8 */
} Constants512;

TARGET static inline Constants512 make_constants512(const Requantization *r) {
  return (Constants512){_mm512_set1_epi16((int16_t)r->zero_point),
                        _mm512_set1_epi8((char)r->low), _mm512_set1_epi8((char)r->high)};
}

TARGET static inline __m512i scale512(__m512i acc, const float *multipliers) {
  return _mm512_cvtps_epi32(
      _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_load_ps(multipliers)));
}

TARGET static inline __m512i pack512(const Constants512 *c, __m512i a0, __m512i a1, __m512i a2,
                                     __m512i a3, const float *first_two, const float *last_two) {
  const __m512i first = _mm512_adds_epi16(
      _mm512_packs_epi32(scale512(a0, first_two), scale512(a1, first_two + LANES)),
      c->zero_point);
  const __m512i second = _mm512_adds_epi16(
      _mm512_packs_epi32(scale512(a2, last_two), scale512(a3, last_two + LANES)), c->zero_point);
  const __m512i bytes = _mm512_packus_epi16(first, second);
  return _mm512_max_epu8(_mm512_min_epu8(bytes, c->high), c->low);
}

TARGET static inline void store_panel512(const Constants512 *c, __m512i a0, __m512i a1, __m512i a2,
                                         __m512i a3, const float *multipliers, uint8_t *to,
                                         int32_t columns) {
  const __m512i bytes = pack512(c, a0, a1, a2, a3, multipliers, multipliers + 2 * LANES);
  if (columns == 64) {
    _mm512_storeu_si512((void *)to, bytes);
  } else {
    _mm512_mask_storeu_epi8(to, ~(uint64_t)0 >> (64 - columns), bytes);
  }
}

TARGET static inline void store_pair512(const Constants512 *c, __m512i a0, __m512i a1, __m512i b0,
                                        __m512i b1, const float *multipliers, uint8_t *to_a,
                                        uint8_t *to_b, int32_t columns) {
  /* Each 128-bit lane holds 8 bytes of a and 8 of b. */
  const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  const __m512i bytes =
      _mm512_permutexvar_epi64(order, pack512(c, a0, a1, b0, b1, multipliers, multipliers));
  const __m256i a = _mm512_castsi512_si256(bytes), b = _mm512_extracti64x4_epi64(bytes, 1);
  const __mmask32 mask = 0xffffffffu >> (32 - columns);
  _mm256_mask_storeu_epi8(to_a, mask, a);
  _mm256_mask_storeu_epi8(to_b, mask, b);
}

TARGET static inline void store_vector512(const Constants512 *c, __m512i acc,
                                          const float *multipliers, uint8_t *to, int32_t columns) {
  /* int32 to int16 to uint8 with saturation, the lanes in order. */
  const __m256i words = _mm256_adds_epi16(_mm512_cvtsepi32_epi16(scale512(acc, multipliers)),
                                          _mm512_castsi512_si256(c->zero_point));
  const __m128i bytes =
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  const __m128i bounded = _mm_max_epu8(_mm_min_epu8(bytes, _mm512_castsi512_si128(c->high)),
                                       _mm512_castsi512_si128(c->low));
  _mm_mask_storeu_epi8(to, (__mmask16)(0xffffu >> (16 - columns)), bounded);
}

#define DOT_PRODUCTS 4
#define PEAK_NAME peak_avx512vnni
#include "peak.inc"

#define NAME convolution_avx512vnni
#include "convolution.inc"

#define COLUMN(acc, x, w, set, has_rest)                                                        \
  ((has_rest) ? dot512(dot512(acc, x, LOAD(w)), x, LOAD((w) + (set))) : dot512(acc, x, LOAD(w)))
#define SLIDING_ROW depthwise_sliding_row64
#define BLOCK_ROW depthwise_block_row64
#define BLOCK_NAME depthwise_block64
#include "depthwise.inc"
#define ANY_NAME depthwise_any64
#define ANY_WINDOW any_window64
#include "depthwise_any.inc"

TARGET void depthwise_avx512vnni(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                                 size_t last, Scratch *scratch) {
  (void)scratch;
  const Constants512 wide = make_constants512(&op->requantization);
  const Constants256 narrow = make_constants256(&op->requantization);
  const int is_any = !is_3x3(op);
  for (size_t row = first; row < last; row++) {
    for (int32_t b = 0; b < op->block_count; b++) {
      const ChannelBlock *block = &op->blocks[b];
      if (block->width == 64) {
        (is_any ? depthwise_any64 : depthwise_block64)(op, block, input, output, row, &wide);
      } else if (block->width == 32) {
        (is_any ? depthwise_any32 : depthwise_block32)(op, block, input, output, row, &narrow);
      } else {
        (is_any ? depthwise_any16 : depthwise_block16)(op, block, input, output, row, &narrow);
      }
    }
  }
}
#endif
