/*
 * Operations of two tensors. The loops of a row are plain; the compiler makes vectors of each instruction
 * set's own of them.
 */
#include "elementwise.h"

#include <stdlib.h>
#include <string.h>

Op *op_create_elementwise(OpKind kind, Isa isa, const Elementwise *elementwise) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = kind;
  op->isa = isa;
  op->references = 1;
  op->rows = (size_t)elementwise->rows;
  op->output_channels = elementwise->columns;
  op->input_count = 2;
  op->elementwise = malloc(sizeof *op->elementwise);
  if (op->elementwise == NULL) {
    op_release(op);
    return NULL;
  }
  *op->elementwise = *elementwise;
  return op;
}

/* A run of so many bytes, of a row or of rows that lie side by side. */
typedef void (*Row)(const Elementwise *, const uint8_t *restrict, const uint8_t *restrict,
                    uint8_t *restrict, size_t);

/*
 * eq. 9. The zero points and half a step are added beforehand; sums may wrap on the way to a result
 * that fits int32.
 */
#define DEFINE_SUM_ROW(NAME, TARGET)                                                              \
  TARGET static void NAME(const Elementwise *e, const uint8_t *restrict a,                         \
                          const uint8_t *restrict b, uint8_t *restrict to, size_t length) {        \
    const uint32_t am = (uint32_t)e->a_multiplier, bm = (uint32_t)e->b_multiplier;                 \
    const uint32_t bias = (UINT32_C(1) << (e->shift - 1)) - am * (uint32_t)e->a_zero_point -       \
                          bm * (uint32_t)e->b_zero_point;                                          \
    const int32_t shift = e->shift, zero_point = e->requantization.zero_point;                     \
    const int32_t low = e->requantization.low, high = e->requantization.high;                      \
    for (size_t i = 0; i < length; i++) {                                                          \
      const int32_t sum = (int32_t)(bias + a[i] * am + b[i] * bm);                                 \
      const int32_t byte = (sum >> shift) + zero_point;                                            \
      const int32_t raised = byte < low ? low : byte;                                              \
      to[i] = (uint8_t)(raised > high ? high : raised);                                            \
    }                                                                                              \
  }

/* 1.5 * 2^23 as a single, its bits: a number within 2^22 and it add up to a number of unit 1. */
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4b400000

/* eq. 5; the bounds come before the rounding, which keeps integers and is monotone. */
#define DEFINE_PRODUCT_ROW(NAME, TARGET)                                                          \
  TARGET static void NAME(const Elementwise *e, const uint8_t *restrict a,                         \
                          const uint8_t *restrict b, uint8_t *restrict to, size_t length) {        \
    const int32_t az = e->a_zero_point, bz = e->b_zero_point;                                      \
    const float multiplier = e->requantization.multiplier;                                         \
    const int32_t zero_point = e->requantization.zero_point;                                       \
    const float low = (float)(e->requantization.low - zero_point);                                 \
    const float high = (float)(e->requantization.high - zero_point);                               \
    for (size_t i = 0; i < length; i++) {                                                          \
      const float scaled = (float)((a[i] - az) * (b[i] - bz)) * multiplier;                        \
      const float raised = scaled > low ? scaled : low;                                            \
      const float rounded = (raised < high ? raised : high) + ROUNDER;                             \
      int32_t bits;                                                                                \
      memcpy(&bits, &rounded, sizeof bits);                                                        \
      to[i] = (uint8_t)(bits - ROUNDER_BITS + zero_point);                                         \
    }                                                                                              \
  }

/* eq. 16 */
static void product_row_fixed(const Elementwise *e, const uint8_t *restrict a,
                              const uint8_t *restrict b, uint8_t *restrict to, size_t length) {
  for (size_t i = 0; i < length; i++) {
    const int32_t product = (a[i] - e->a_zero_point) * (b[i] - e->b_zero_point);
    to[i] = (uint8_t)requantize_fixed((uint32_t)product, e->factor, e->rounding, &e->requantization);
  }
}

/* eq. 14 */
#define DEFINE_EXTREME_ROW(NAME, TARGET, COMPARE)                                                 \
  TARGET static void NAME(const Elementwise *e, const uint8_t *restrict a,                         \
                          const uint8_t *restrict b, uint8_t *restrict to, size_t length) {        \
    (void)e;                                                                                       \
    for (size_t i = 0; i < length; i++) to[i] = a[i] COMPARE b[i] ? a[i] : b[i];                 \
  }

DEFINE_EXTREME_ROW(maximum_row, , >)
DEFINE_EXTREME_ROW(minimum_row, , <)
DEFINE_SUM_ROW(sum_row, )
DEFINE_PRODUCT_ROW(product_row, )
#if TF8_X86
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx2,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")))
DEFINE_EXTREME_ROW(maximum_row_avx2, AVX2, >)
DEFINE_EXTREME_ROW(minimum_row_avx2, AVX2, <)
DEFINE_SUM_ROW(sum_row_avx2, AVX2)
DEFINE_PRODUCT_ROW(product_row_avx2, AVX2)
DEFINE_SUM_ROW(sum_row_avx512, AVX512)
DEFINE_PRODUCT_ROW(product_row_avx512, AVX512)
#endif

static Row row_of(const Op *op) {
  const int is_product = op->kind == OP_MULTIPLY;
  if (is_product && op->elementwise->rounding != ROUNDING_SINGLE) return product_row_fixed;
  const int is_maximum = op->kind == OP_MAXIMUM, is_extreme = is_maximum || op->kind == OP_MINIMUM;
#if TF8_X86
  if (is_extreme && op->isa != ISA_SCALAR) return is_maximum ? maximum_row_avx2 : minimum_row_avx2;
  if (op->isa == ISA_AVX512VNNI) return is_product ? product_row_avx512 : sum_row_avx512;
  if (op->isa != ISA_SCALAR) return is_product ? product_row_avx2 : sum_row_avx2;
#endif
  if (is_extreme) return is_maximum ? maximum_row : minimum_row;
  return is_product ? product_row : sum_row;
}

void elementwise_run(const Op *op, const uint8_t *a, const uint8_t *b, uint8_t *output, size_t first,
                     size_t last) {
  const Elementwise *e = op->elementwise;
  const size_t columns = (size_t)e->columns, share = (size_t)e->share;
  const Row row_kernel = row_of(op);
  for (size_t row = first; row < last;) {
    /* Rows that have one of b each lie side by side in both. */
    const size_t rows = share == 1 ? last - row : 1;
    row_kernel(e, a + row * columns, b + row / share * columns, output + row * columns,
               rows * columns);
    row += rows;
  }
}
