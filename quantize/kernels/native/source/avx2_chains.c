/* AVX2: the convolution whose weights are packed as chains (chains.h says why that is exact). */
#include "chains.h"
#include "peak.h"

#if TF8_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "vectors256.inc"

#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE __m256i splat_group(const uint8_t *from) {
  int32_t group;
  memcpy(&group, from, 4);
  return SPLAT(group);
}

/* X(r) runs for the rows of a tile, whose count is a constant where it is inlined. */
#define CHAIN_ROWS 3
#define FOR_ROWS(X) X(0) X(1) X(2)
#define ROW_VARIABLES(r) __m256i acc##r##_0 = bias0, acc##r##_1 = bias1, sum##r##_0, sum##r##_1;
#define ROW_FIRST(r)                               \
  if (r < row_count) {                             \
    const __m256i x = splat_group(row##r + offset); \
    sum##r##_0 = _mm256_maddubs_epi16(x, w0);      \
    sum##r##_1 = _mm256_maddubs_epi16(x, w1);      \
  }
#define ROW_NEXT(r)                                \
  if (r < row_count) {                             \
    const __m256i x = splat_group(row##r + offset); \
    sum##r##_0 = add_products256(sum##r##_0, x, w0);  \
    sum##r##_1 = add_products256(sum##r##_1, x, w1);  \
  }
#define ROW_WIDEN(r)                                                               \
  if (r < row_count) {                                                             \
    acc##r##_0 = ADD(acc##r##_0, _mm256_madd_epi16(sum##r##_0, _mm256_set1_epi16(1))); \
    acc##r##_1 = ADD(acc##r##_1, _mm256_madd_epi16(sum##r##_1, _mm256_set1_epi16(1))); \
  }
#define GROUP(i, at, ROW)                                  \
  {                                                        \
    const size_t offset = (size_t)(at);                    \
    const __m256i w0 = LOAD(weights + 64 * i);             \
    const __m256i w1 = LOAD(weights + 64 * i + 32);        \
    FOR_ROWS(ROW)                                          \
  }
#define CHAIN(AT)             \
  GROUP(0, AT(0), ROW_FIRST)  \
  GROUP(1, AT(1), ROW_NEXT)   \
  GROUP(2, AT(2), ROW_NEXT)   \
  GROUP(3, AT(3), ROW_NEXT)   \
  FOR_ROWS(ROW_WIDEN)         \
  weights += CHAIN_BYTES;
#define SHORT_CHAIN(AT)       \
  GROUP(0, AT(0), ROW_FIRST)  \
  GROUP(1, AT(1), ROW_NEXT)   \
  FOR_ROWS(ROW_WIDEN)         \
  weights += CHAIN_BYTES / 2;
#define IN_ORDER(i) first + 4 * i
#define SCATTERED(i) offsets[i]

/* Weights of this size or more are in no cache any more when a layer's turn comes again. */
#define FETCHED_BYTES (128 * 1024)

typedef struct {
  const uint8_t *rows;
  size_t stride;
  size_t count;
  const uint8_t *weights;
  const ChainPanel *chains;
  const uint8_t *next; /* weights of the next panel, */
  size_t next_bytes;   /* which are fetched from memory in the meantime; 0 where they are in a cache */
  const int32_t *offsets; /* [scattered, CHAIN_GROUPS], then [short, SHORT_GROUPS] */
  const int32_t *bias;
  const float *multipliers;
  uint8_t *output;
  size_t output_stride;
  int32_t columns;
} Panel;

/* `row_count` rows from row r of the panel on, times its columns. */
INLINE void tile(const Panel *p, size_t r, const Constants256 *constants, const size_t row_count) {
  const uint8_t *row0 = p->rows + r * p->stride, *row1 = row0 + p->stride;
  const uint8_t *row2 = row1 + p->stride;
  const uint8_t *weights = p->weights;
  const __m256i bias0 = LOAD(p->bias), bias1 = LOAD(p->bias + LANES);
  FOR_ROWS(ROW_VARIABLES)
  size_t first = 0;
  for (int32_t c = 0; c < p->chains->in_order; c++, first += 4 * CHAIN_GROUPS) {
    CHAIN(IN_ORDER)
  }
  const int32_t *offsets = p->offsets;
  for (int32_t c = 0; c < p->chains->scattered; c++, offsets += CHAIN_GROUPS) {
    CHAIN(SCATTERED)
  }
  for (int32_t c = 0; c < p->chains->short_; c++, offsets += SHORT_GROUPS) {
    SHORT_CHAIN(SCATTERED)
  }
  uint8_t *to = p->output + r * p->output_stride;
  uint8_t *to_next = to + (row_count > 1 ? p->output_stride : 0);
  if (row_count > 1) {
    store_pair256(constants, acc0_0, acc0_1, acc1_0, acc1_1, p->multipliers, to,
                  to_next, p->columns);
  }
  if (row_count == 3) {
    store_half256(constants, acc2_0, acc2_1, p->multipliers, to_next + p->output_stride, p->columns);
  }
  if (row_count == 1) {
    store_half256(constants, acc0_0, acc0_1, p->multipliers, to, p->columns);
  }
}

/*
 * Four rows of at most 16 bytes, whose only chain needs no accumulators beside it: most of its time goes
 * into what becomes of the sums.
 */
INLINE void thin_tile(const Panel *p, size_t r, const Constants256 *constants) {
#define FOR_THIN_ROWS(X) X(0) X(1) X(2) X(3)
#define THIN_SUMS(i) __m256i sum##i##_0, sum##i##_1;
#define THIN_FIRST(i)                                  \
  {                                                    \
    const __m256i x = splat_group(row + i * p->stride); \
    sum##i##_0 = _mm256_maddubs_epi16(x, w0);          \
    sum##i##_1 = _mm256_maddubs_epi16(x, w1);          \
  }
#define THIN_NEXT(i)                                   \
  {                                                    \
    const __m256i x = splat_group(row + i * p->stride); \
    sum##i##_0 = add_products256(sum##i##_0, x, w0);   \
    sum##i##_1 = add_products256(sum##i##_1, x, w1);   \
  }
#define THIN_GROUP(g, ROW)                                    \
  {                                                           \
    const __m256i w0 = LOAD(p->weights + 64 * g);             \
    const __m256i w1 = LOAD(p->weights + 64 * g + 32);        \
    const uint8_t *row = p->rows + r * p->stride + 4 * g;     \
    FOR_THIN_ROWS(ROW)                                        \
  }
#define WIDENED(sum, v) ADD(LOAD(p->bias + v * LANES), _mm256_madd_epi16(sum, _mm256_set1_epi16(1)))
#define THIN_PAIR(i, j)                                                                         \
  store_pair256(constants, WIDENED(sum##i##_0, 0), WIDENED(sum##i##_1, 1), WIDENED(sum##j##_0, 0), \
                WIDENED(sum##j##_1, 1), p->multipliers, to + i * p->output_stride,              \
                to + j * p->output_stride, p->columns);
  FOR_THIN_ROWS(THIN_SUMS)
  THIN_GROUP(0, THIN_FIRST)
  THIN_GROUP(1, THIN_NEXT)
  THIN_GROUP(2, THIN_NEXT)
  THIN_GROUP(3, THIN_NEXT)
  uint8_t *to = p->output + r * p->output_stride;
  THIN_PAIR(0, 1)
  THIN_PAIR(2, 3)
}

INLINE void fetch(const Panel *p, size_t from, size_t bytes) {
  if (p->next_bytes == 0) return;
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p->next + from + i, 0, 2);
}

TARGET static void run_panel(const Panel *p, const Constants256 *constants) {
  size_t r = 0, fetched = 0;
  const size_t tiles = (p->count + CHAIN_ROWS - 1) / CHAIN_ROWS;
  const size_t share = (p->next_bytes / tiles + 63) / 64 * 64; /* for each tile */
  const ChainPanel *chains = p->chains;
  if (chains->in_order == 1 && chains->scattered + chains->short_ == 0) {
    for (; r + 4 <= p->count; r += 4) thin_tile(p, r, constants);
  }
  for (; r + CHAIN_ROWS <= p->count; r += CHAIN_ROWS, fetched += share) {
    fetch(p, fetched, share);
    tile(p, r, constants, CHAIN_ROWS);
  }
  if (p->count - r == 2) tile(p, r, constants, 2);
  if (p->count - r == 1) tile(p, r, constants, 1);
}

TARGET void convolution_avx2_chains(const Op *op, const uint8_t *input, uint8_t *output,
                                    size_t first, size_t last, int32_t first_panel,
                                    int32_t last_panel, Scratch *scratch) {
  if (first_panel >= last_panel) return;
  const size_t depth = (size_t)op->depth, columns = (size_t)op->output_channels;
  const int is_direct = op->is_pointwise && depth % 4 == 0; /* rows are whole groups */
  const Constants256 constants = make_constants256(&op->requantization);
  Panel p = {.stride = (size_t)op->groups * 4, .output_stride = op->output_step};
  const int fetches = op->weight_bytes > FETCHED_BYTES;
  for (size_t row = first; row < last; row += op->block_rows) {
    p.count = last - row < op->block_rows ? last - row : op->block_rows;
    p.rows = is_direct ? input + row * depth : scratch->gathered;
    if (!is_direct) gather_rows(op, input, row, p.count, scratch->gathered, p.stride);
    for (int32_t panel = first_panel; panel < last_panel; panel++) {
      const ChainPanel *packed = &op->chain_panels[panel];
      const size_t column = (size_t)panel * CHAIN_COLUMNS;
      p.weights = op->weights + packed->weights;
      p.offsets = op->chain_offsets + packed->offsets;
      p.chains = packed;
      p.next = op->weights + packed[1].weights;
      p.next_bytes = fetches ? packed[1].weights - packed->weights : 0;
      p.bias = op->bias + column;
      p.multipliers = op->multipliers + column;
      p.output = output + (row - first) * op->output_step + column;
      p.columns = (int32_t)(columns - column < CHAIN_COLUMNS ? columns - column : CHAIN_COLUMNS);
      run_panel(&p, &constants);
    }
  }
}

/* A whole chain. The empty assembler makes each operand new to the compiler. */
INLINE __m256i add_chain(__m256i acc, __m256i x, __m256i w) {
  __m256i sum = _mm256_maddubs_epi16(x, w);
  for (int i = 1; i < CHAIN_GROUPS; i++) {
    __asm__ volatile("" : "+x"(w));
    sum = add_products256(sum, x, w);
  }
  return ADD(acc, _mm256_madd_epi16(sum, _mm256_set1_epi16(1)));
}

#define DOT add_chain
#define DOT_PRODUCTS (CHAIN_GROUPS * 4)
#define PEAK_NAME peak_avx2
#include "peak.inc"
#endif
