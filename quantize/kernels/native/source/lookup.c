/* eq. 10: each byte's own byte in a table. */
#include "lookup.h"

#include <stdlib.h>
#include <string.h>

#if TF8_X86
#include <immintrin.h>
#endif

#define ROW 16 /* bytes that a shuffle looks up */

int op_set_table(Op *op, const uint8_t *table) {
  if (op->table == NULL) op->table = malloc(2 * 256);
  if (op->table == NULL) return 0;
  memcpy(op->table, table, 256);
  uint8_t *steps = op->table + 256;
  for (size_t i = 0; i < 256; i++) {
    steps[i] = table[i] ^ (i % 128 < ROW ? 0 : table[i - ROW]);
  }
  return 1;
}

#if TF8_X86
/*
 * How many of the bytes were looked up, 32 at a time. vpshufb takes a byte's low four bits as an index,
 * and gives 0 where the byte is negative. Of x = 16 h + l < 128 the rows 0 to h of the table are looked up
 * at l, since x - 16 k is negative beyond; of rows that differ from those before by `steps` the last is
 * what remains. Saturation keeps what is negative so; and x >= 128 has rows and a byte x - 128 of its own.
 */
__attribute__((target("avx2"))) static size_t look_up_avx2(const uint8_t *steps, uint8_t *bytes,
                                                            size_t length) {
  const __m256i row = _mm256_set1_epi8(ROW);
  size_t i = 0;
  for (; i + 32 <= length; i += 32) {
    __m256i *at = (__m256i *)(void *)(bytes + i);
    __m256i low = _mm256_loadu_si256(at), high = _mm256_xor_si256(low, _mm256_set1_epi8(-128));
    __m256i found = _mm256_setzero_si256();
    for (size_t k = 0; k < 8; k++) {
      const __m128i *rows = (const __m128i *)(const void *)(steps + ROW * k);
      const __m256i of_low = _mm256_broadcastsi128_si256(_mm_loadu_si128(rows));
      const __m256i of_high = _mm256_broadcastsi128_si256(_mm_loadu_si128(rows + 8));
      found = _mm256_xor_si256(found, _mm256_shuffle_epi8(of_low, low));
      found = _mm256_xor_si256(found, _mm256_shuffle_epi8(of_high, high));
      low = _mm256_subs_epi8(low, row);
      high = _mm256_subs_epi8(high, row);
    }
    _mm256_storeu_si256(at, found);
  }
  return i;
}
#endif

void look_up(const Op *op, uint8_t *bytes, size_t length) {
  size_t i = 0;
#if TF8_X86
  if (op->isa != ISA_SCALAR) i = look_up_avx2(op->table + 256, bytes, length);
#endif
  for (; i < length; i++) bytes[i] = op->table[bytes[i]];
}
