/* NEON with the dot product extension: udot and sdot add four products of bytes to int32, exactly. */
#include "peak.h"

#if TF8_ARM64
#include <arm_neon.h>
#include <string.h>

#if defined(__clang__)
#define TARGET __attribute__((target("dotprod")))
#else
#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

#define VECTOR int32x4_t
#define LANES 4
#define TILE_ROWS 6
#define REGISTER "w"
#define LOAD(p) vld1q_s32((const int32_t *)(const void *)(p))
#define SPLAT(x) vdupq_n_s32(x)
#define ADD(a, b) vaddq_s32(a, b)
#define CONSTANTS ConstantsNeon
#define STORE_PANEL store_panel
#define STORE_PAIR store_pair
#define STORE_VECTOR store_vector
#define MAKE_CONSTANTS make_constants
#define WIDENS 0
#define ROW_TERMS row_terms

typedef struct {
  int16x8_t zero_point;
  uint8x16_t low;
  uint8x16_t high;
} ConstantsNeon;

TARGET static inline ConstantsNeon make_constants(const Requantization *r) {
  return (ConstantsNeon){vdupq_n_s16((int16_t)r->zero_point),
                         vdupq_n_u8((uint8_t)r->low), vdupq_n_u8((uint8_t)r->high)};
}

/* round half even of f32(acc) * multiplier, to int16 with saturation. */
TARGET static inline int16x4_t scale(int32x4_t acc, const float *multipliers) {
  return vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(acc), vld1q_f32(multipliers))));
}

/* eq. 5; what narrowing saturates is beyond every bound. The multipliers are of two vectors each. */
TARGET static inline uint8x16_t pack(const ConstantsNeon *c, int32x4_t a0, int32x4_t a1,
                                     int32x4_t a2, int32x4_t a3, const float *first_two,
                                     const float *last_two) {
  const int16x8_t first = vqaddq_s16(
      vcombine_s16(scale(a0, first_two), scale(a1, first_two + LANES)), c->zero_point);
  const int16x8_t second = vqaddq_s16(
      vcombine_s16(scale(a2, last_two), scale(a3, last_two + LANES)), c->zero_point);
  const uint8x16_t bytes = vcombine_u8(vqmovun_s16(first), vqmovun_s16(second));
  return vmaxq_u8(vminq_u8(bytes, c->high), c->low);
}

TARGET static inline void store_panel(const ConstantsNeon *c, int32x4_t a0, int32x4_t a1,
                                      int32x4_t a2, int32x4_t a3, const float *multipliers,
                                      uint8_t *to, int32_t columns) {
  const uint8x16_t bytes = pack(c, a0, a1, a2, a3, multipliers, multipliers + 2 * LANES);
  if (columns == 16) {
    vst1q_u8(to, bytes);
  } else {
    uint8_t copy[16];
    vst1q_u8(copy, bytes);
    memcpy(to, copy, (size_t)columns);
  }
}

/* Two rows of two vectors. */
TARGET static inline void store_pair(const ConstantsNeon *c, int32x4_t a0, int32x4_t a1,
                                     int32x4_t b0, int32x4_t b1, const float *multipliers,
                                     uint8_t *to_a, uint8_t *to_b, int32_t columns) {
  uint8_t copy[16];
  vst1q_u8(copy, pack(c, a0, a1, b0, b1, multipliers, multipliers));
  memcpy(to_a, copy, (size_t)columns);
  memcpy(to_b, copy + 8, (size_t)columns);
}

TARGET static inline void store_vector(const ConstantsNeon *c, int32x4_t acc,
                                       const float *multipliers, uint8_t *to, int32_t columns) {
  const int16x4_t words = vqadd_s16(scale(acc, multipliers), vget_low_s16(c->zero_point));
  const uint8x8_t bytes = vqmovun_s16(vcombine_s16(words, words));
  uint8_t copy[8];
  vst1_u8(copy, vmax_u8(vmin_u8(bytes, vget_low_u8(c->high)), vget_low_u8(c->low)));
  memcpy(to, copy, (size_t)columns);
}

/* terms[r] = factor * sum of the `length` bytes (a multiple of 4) of row r, modulo 2^32. */
TARGET static void row_terms(const uint8_t *rows, size_t stride, size_t count, size_t length,
                             int32_t factor, int32_t *terms) {
  for (size_t r = 0; r < count; r++) {
    const uint8_t *row = rows + r * stride;
    uint32x4_t sums = vdupq_n_u32(0);
    size_t k = 0;
    for (; k + 16 <= length; k += 16) sums = vdotq_u32(sums, vld1q_u8(row + k), vdupq_n_u8(1));
    uint32_t sum = vaddvq_u32(sums);
    for (; k < length; k++) sum += row[k];
    terms[r] = (int32_t)((uint32_t)factor * sum);
  }
}

#define BYTES_OF(x) vreinterpretq_u8_s32(x)
#define SIGNED_BYTES_OF(x) vreinterpretq_s8_s32(x)
#define OF_BYTES(x) vreinterpretq_s32_u8(x)
#define WORDS_OF(x) vreinterpretq_u16_s32(x)
#define OF_WORDS(x) vreinterpretq_s32_u16(x)

TARGET static inline int32x4_t dot_unsigned(int32x4_t acc, int32x4_t x, int32x4_t w) {
  return vreinterpretq_s32_u32(
      vdotq_u32(vreinterpretq_u32_s32(acc), BYTES_OF(x), BYTES_OF(w)));
}

TARGET static inline int32x4_t dot_signed(int32x4_t acc, int32x4_t x, int32x4_t w) {
  return vdotq_s32(acc, SIGNED_BYTES_OF(x), SIGNED_BYTES_OF(w));
}

#define DOT dot_unsigned
#define DOT_PRODUCTS 4
#define PEAK_NAME peak_neondot
#include "peak.inc"

#define NAME convolution_neondot
#include "convolution.inc"

/* The depthwise convolution: xq - 128 and wq - wz are int8. */
#undef DOT
#define DOT dot_signed
#define BYTES(p) OF_BYTES(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80)))
#define LOW8(a, b) OF_BYTES(vzip1q_u8(BYTES_OF(a), BYTES_OF(b)))
#define HIGH8(a, b) OF_BYTES(vzip2q_u8(BYTES_OF(a), BYTES_OF(b)))
#define LOW16(a, b) OF_WORDS(vzip1q_u16(WORDS_OF(a), WORDS_OF(b)))
#define HIGH16(a, b) OF_WORDS(vzip2q_u16(WORDS_OF(a), WORDS_OF(b)))
#define ZERO vdupq_n_s32(0)
#define COLUMN(acc, x, w, set, has_rest)                                             \
  ((has_rest) ? dot_signed(dot_signed(acc, x, LOAD(w)), x, LOAD((w) + (set)))        \
              : dot_signed(acc, x, LOAD(w)))
#define SLIDES
#define SLIDING_ROW depthwise_sliding_row
#define BLOCK_ROW depthwise_block_row
#define BLOCK_NAME depthwise_block
#include "depthwise.inc"

#define ANY_NAME depthwise_any
#define ANY_WINDOW any_window
#include "depthwise_any.inc"

TARGET void depthwise_neondot(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                              size_t last, Scratch *scratch) {
  (void)scratch;
  const ConstantsNeon constants = make_constants(&op->requantization);
  const int is_any = !is_3x3(op);
  for (size_t row = first; row < last; row++) {
    for (int32_t b = 0; b < op->block_count; b++) {
      const ChannelBlock *block = &op->blocks[b];
      (is_any ? depthwise_any : depthwise_block)(op, block, input, output, row, &constants);
    }
  }
}
#endif
