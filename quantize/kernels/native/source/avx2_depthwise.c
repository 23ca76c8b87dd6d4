/* AVX2: the depthwise convolution, here of 3 x 3 windows whose weights are chains. */
#include "chains.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

/*
 * A block of 32 channels whose weights are chains (chains.h). Interleaving the bytes of two pixels puts a
 * channel's two bytes into one int16 lane, of which vpmaddubsw makes a sum of two products: 16 channels,
 * half of the block, at a time. Five of them are a window: each column's upper two rows, and the lowest
 * row.
 */
#define INLINE static inline __attribute__((always_inline)) TARGET
#define WEIGHTS(i) LOAD(weights + 32 * (i))

typedef struct {
  const uint8_t *weights; /* [first or second, half, pair, 32] */
  const int32_t *bias;
  const float *multipliers;
  int32_t rests; /* bit h: half h has second weights */
  size_t channels;
  const Constants256 *constants;
} Block;

/* The pixels of the windows of one output or two, by row and column. */
typedef struct {
  const uint8_t *at[3][4];
} Pixels;

/* The bytes of two pixels in 16 channels: 0 to 7 and 16 to 23, or the others. */
INLINE __m256i interleave(__m256i a, __m256i b, const int half) {
  return half ? HIGH8(a, b) : LOW8(a, b);
}

/*
 * Adds a window's two chains to the sums of 16 channels in the order of packed_column. `upper`: rows 0
 * and 1 of columns 0, 1 and 2; `lower`: row 2 in two pairs, the weights of the first being at `third`.
 */
INLINE void add_window(__m256i acc[2], const uint8_t *weights, __m256i upper0, __m256i upper1,
                       __m256i upper2, __m256i lower0, __m256i lower1, const int third) {
  __m256i first = _mm256_maddubs_epi16(upper1, WEIGHTS(1));
  first = add_products256(first, upper2, WEIGHTS(2));
  __m256i second = _mm256_maddubs_epi16(upper0, WEIGHTS(0));
  second = add_products256(second, lower0, WEIGHTS(third));
  second = add_products256(second, lower1, WEIGHTS(third + 1));
  const __m256i ones = _mm256_set1_epi16(1);
  acc[0] = ADD(acc[0], _mm256_madd_epi16(LOW16(first, second), ones));
  acc[1] = ADD(acc[1], _mm256_madd_epi16(HIGH16(first, second), ones));
}

/* Pixels j and k, of rows r and s. The second half loads what the first did: spilling takes longer. */
#define PAIR(r, j, s, k) interleave(BYTES(c->at[r][j]), BYTES(c->at[s][k]), half)
#define BEGIN_HALF __asm__ volatile("" ::: "memory");

INLINE void run_window(const Pixels *c, const Block *b, uint8_t *output) {
  __m256i acc[4];
  for (int v = 0; v < 4; v++) acc[v] = LOAD(b->bias + v * LANES);
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    BEGIN_HALF
    const __m256i upper0 = PAIR(0, 0, 1, 0), upper1 = PAIR(0, 1, 1, 1), upper2 = PAIR(0, 2, 1, 2);
    const __m256i lower0 = PAIR(2, 0, 2, 1), lower1 = interleave(BYTES(c->at[2][2]), ZERO, half);
    const uint8_t *weights = b->weights + half * WINDOW_BYTES;
    add_window(acc + 2 * half, weights, upper0, upper1, upper2, lower0, lower1, 3);
    if ((b->rests >> half & 1) == 0) continue;
    weights += 2 * WINDOW_BYTES;
    add_window(acc + 2 * half, weights, upper0, upper1, upper2, lower0, lower1, 3);
  }
  store_panel256(b->constants, acc[0], acc[1], acc[2], acc[3], b->multipliers, output, 32);
}

/* Two outputs side by side, stride 1: what their windows share is interleaved once. */
INLINE void run_two_windows(const Pixels *c, const Block *b, uint8_t *output) {
  __m256i acc[4], next[4];
  for (int v = 0; v < 4; v++) acc[v] = next[v] = LOAD(b->bias + v * LANES);
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    BEGIN_HALF
    const __m256i upper0 = PAIR(0, 0, 1, 0), upper1 = PAIR(0, 1, 1, 1), upper2 = PAIR(0, 2, 1, 2);
    const __m256i upper3 = PAIR(0, 3, 1, 3), lower0 = PAIR(2, 0, 2, 1), lower1 = PAIR(2, 2, 2, 3);
    const uint8_t *weights = b->weights + half * WINDOW_BYTES;
    add_window(acc + 2 * half, weights, upper0, upper1, upper2, lower0, lower1, 3);
    add_window(next + 2 * half, weights, upper1, upper2, upper3, lower0, lower1, 5);
    if ((b->rests >> half & 1) == 0) continue;
    weights += 2 * WINDOW_BYTES;
    add_window(acc + 2 * half, weights, upper0, upper1, upper2, lower0, lower1, 3);
    add_window(next + 2 * half, weights, upper1, upper2, upper3, lower0, lower1, 5);
  }
  store_panel256(b->constants, acc[0], acc[1], acc[2], acc[3], b->multipliers, output, 32);
  store_panel256(b->constants, next[0], next[1], next[2], next[3], b->multipliers,
                 output + b->channels, 32);
}

/* `run` times one output, or two, whose windows are within the image, from the pixels `at` on. */
INLINE void run_inside(const Block *b, const uint8_t *const at[3], size_t stride, int32_t run,
                       uint8_t *output, const int two) {
  const uint8_t *row0 = at[0], *row1 = at[1], *row2 = at[2];
  const size_t next = b->channels;
  for (; run > 0; run--, row0 += stride, row1 += stride, row2 += stride) {
    const Pixels c = {{{row0, row0 + next, row0 + 2 * next, row0 + 3 * next},
                       {row1, row1 + next, row1 + 2 * next, row1 + 3 * next},
                       {row2, row2 + next, row2 + 2 * next, row2 + 3 * next}}};
    if (two) {
      run_two_windows(&c, b, output);
    } else {
      run_window(&c, b, output);
    }
    output += two ? 2 * next : next;
  }
}

/* The outputs [begin, end) of a row, whose windows have no columns beside the image. */
typedef struct {
  int64_t begin;
  int64_t end;
} Inside;

static Inside inside_of(const Op *op) {
  const int64_t stride = op->stride_x, left = op->pad_left;
  const int64_t last = op->width - 3 + left; /* where the last of such windows may begin */
  const int64_t end = last < 0 ? 0 : last / stride + 1;
  return (Inside){(left + stride - 1) / stride,
                  end < op->output_width ? end : op->output_width};
}

/* One output row of one block; `rows` [3] are the input's, from the block's first channel on. */
TARGET static void chained_row(const Op *op, const ChannelBlock *block, const Inside inside,
                               const uint8_t *const rows[3], uint8_t *output,
                               const Constants256 *constants) {
  const size_t channels = (size_t)op->channels;
  const uint8_t *padding = op->padding_row + block->start;
  const Block b = {op->weights + block->weights, op->bias + block->bias,
                   op->multipliers + block->bias, block->has_rest, channels, constants};
  const int slides = op->stride_x == 1; /* outputs are taken two at a time */
  for (int32_t x = 0; x < op->output_width;) {
    const int64_t left = (int64_t)x * op->stride_x - op->pad_left;
    int32_t done;
    if (x >= inside.begin && x + slides < inside.end) {
      const size_t offset = (size_t)left * channels;
      const uint8_t *at[3] = {rows[0] + offset, rows[1] + offset, rows[2] + offset};
      if (slides) {
        done = (int32_t)(inside.end - x) / 2 * 2;
        run_inside(&b, at, 2 * channels, done / 2, output, 1);
      } else {
        done = (int32_t)(inside.end - x);
        run_inside(&b, at, (size_t)op->stride_x * channels, done, output, 0);
      }
    } else {
      Pixels c;
      for (int32_t i = 0; i < 4; i++) {
        const int is_padding = left + i < 0 || left + i >= op->width;
        const size_t offset = is_padding ? 0 : (size_t)(left + i) * channels;
        for (int ky = 0; ky < 3; ky++) c.at[ky][i] = (is_padding ? padding : rows[ky]) + offset;
      }
      done = slides && x + 1 < op->output_width ? 2 : 1;
      if (done == 2) {
        run_two_windows(&c, &b, output);
      } else {
        run_window(&c, &b, output);
      }
    }
    x += done;
    output += (size_t)done * channels;
  }
}

TARGET void depthwise_avx2(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                           size_t last, Scratch *scratch) {
  (void)scratch;
  const Constants256 constants = make_constants256(&op->requantization);
  const size_t channels = (size_t)op->channels, height = (size_t)op->output_height;
  const size_t row_bytes = (size_t)op->width * channels;
  const Inside inside = inside_of(op);
  const int is_chained = is_3x3(op);
  for (size_t row = first; row < last; row++) {
    const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
    const int64_t top = (int64_t)(row % height) * op->stride_y - op->pad_top;
    for (int32_t b = 0; b < op->block_count; b++) {
      const ChannelBlock *block = &op->blocks[b];
      if (!is_chained || !block->has_chains) {
        depthwise_avx2_block(op, block, input, output, row);
        continue;
      }
      const uint8_t *rows[3];
      for (int ky = 0; ky < 3; ky++) {
        const int is_inside = top + ky >= 0 && top + ky < op->height;
        rows[ky] = is_inside ? image + (size_t)(top + ky) * row_bytes : op->padding_row;
        rows[ky] += block->start;
      }
      uint8_t *to = output + row * (size_t)op->output_width * channels + block->start;
      chained_row(op, block, inside, rows, to, &constants);
    }
  }
}
#endif
