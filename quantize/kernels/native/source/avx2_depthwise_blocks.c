/* AVX2: a block of channels of a depthwise convolution, but for chained 3 x 3 windows. */
#include "chains.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

/* Weights that are no chains: bytes are widened, of a group the even ones and the odd ones. */
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
#define ANY_NAME depthwise_any
#define ANY_WINDOW any_window
#include "depthwise_any.inc"

/*
 * Windows of any size whose weights are chains. Interleaving the bytes of two taps puts a channel's two
 * bytes into one int16 lane, of which vpmaddubsw makes a sum of two products: 16 channels, half of the
 * block, at a time. A chain is a group of four taps.
 */
#define WEIGHTS(i) LOAD(weights + 32 * (i))

/* The sums of a group in the two halves of the block. */
TARGET static inline void add_group(__m256i sums[2], const uint8_t *const *taps, ptrdiff_t offset,
                                    const uint8_t *weights) {
  const __m256i x0 = BYTES(taps[0] + offset), x1 = BYTES(taps[1] + offset);
  const __m256i x2 = BYTES(taps[2] + offset), x3 = BYTES(taps[3] + offset);
  sums[0] = add_products256(_mm256_maddubs_epi16(LOW8(x0, x1), WEIGHTS(0)), LOW8(x2, x3), WEIGHTS(1));
  sums[1] = add_products256(_mm256_maddubs_epi16(HIGH8(x0, x1), WEIGHTS(2)), HIGH8(x2, x3), WEIGHTS(3));
}

/* As depthwise_any.inc has it; the block says how many rests there are. */
static inline __attribute__((always_inline)) TARGET void chained_window(
    const Op *op, const ChannelBlock *block, const uint8_t *const *taps, ptrdiff_t offset,
    uint8_t *output, const Constants256 *constants, const int has_rest) {
  (void)has_rest;
  const __m256i ones = _mm256_set1_epi16(1);
  const uint8_t *weights = op->weights + block->weights;
  const uint8_t *places = weights + 2 * (size_t)op->groups * GROUP_BYTES;
  const int32_t count = op->groups + block->has_rest;
  __m256i acc[4];
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) acc[v] = LOAD(op->bias + block->bias + v * LANES);
  for (int32_t g = 0; g < count; g += 2, weights += 2 * GROUP_BYTES) {
    __m256i first[2], second[2] = {ZERO, ZERO};
    add_group(first, taps + 4 * places[g], offset, weights);
    if (g + 1 < count) add_group(second, taps + 4 * places[g + 1], offset, weights + GROUP_BYTES);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
      __m256i *to = acc + 2 * half;
      to[0] = ADD(to[0], _mm256_madd_epi16(LOW16(first[half], second[half]), ones));
      to[1] = ADD(to[1], _mm256_madd_epi16(HIGH16(first[half], second[half]), ones));
    }
  }
  store_panel256(constants, acc[0], acc[1], acc[2], acc[3], op->multipliers + block->bias, output, 32);
}
#define ANY_NAME depthwise_chained
#define ANY_WINDOW chained_window
#include "depthwise_any_row.inc"

#include "vectors128.inc"
TARGET static inline __m128i column128(__m128i acc, __m128i x, const uint8_t *w, size_t set) {
  const __m128i even = _mm_and_si128(x, _mm_set1_epi16(255));
  const __m128i odd = _mm_srli_epi16(x, 8);
  acc = _mm_add_epi32(acc, _mm_madd_epi16(even, LOAD(w)));
  return _mm_add_epi32(acc, _mm_madd_epi16(odd, LOAD(w + set)));
}
#define COLUMN(acc, x, w, set, has_rest) column128(acc, x, w, set)
#define BLOCK_ROW depthwise_block_row16
#define BLOCK_NAME depthwise_block16
#include "depthwise.inc"
#define ANY_NAME depthwise_any16
#define ANY_WINDOW any_window16
#include "depthwise_any.inc"

TARGET void depthwise_avx2_block(const Op *op, const ChannelBlock *block, const uint8_t *input,
                          uint8_t *output, size_t row) {
  const Constants256 constants = make_constants256(&op->requantization);
  if (block->width == 16) {
    (is_3x3(op) ? depthwise_block16 : depthwise_any16)(op, block, input, output, row, &constants);
  } else if (is_3x3(op)) {
    depthwise_block(op, block, input, output, row, &constants);
  } else {
    (block->has_chains ? depthwise_chained : depthwise_any)(op, block, input, output, row, &constants);
  }
}
#endif
