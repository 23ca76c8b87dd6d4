#include "peak.h"

/* The scalar kernels' inner statement. The empty assembler makes the operands new to the compiler. */
double peak_scalar(int rounds) {
  uint32_t acc[8] = {0};
  int32_t w = 1;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 8; i++) {
      __asm__ volatile("" : "+r"(w));
      acc[i] += (uint32_t)(round * w);
    }
  }
  for (int i = 0; i < 8; i++) __asm__ volatile("" : : "r"(acc[i]));
  return 8.0 * rounds;
}

/* NULL for the instruction sets of another processor family. */
static const PeakLoop LOOPS[ISA_COUNT] = {
    [ISA_SCALAR] = peak_scalar,
#if TF8_X86
    [ISA_AVX2] = peak_avx2,
#if TF8_AVXVNNI
    [ISA_AVXVNNI] = peak_avxvnni,
#endif
    [ISA_AVX512VNNI] = peak_avx512vnni,
#elif TF8_ARM64
    [ISA_NEONDOT] = peak_neondot,
#endif
};

double measure_peak(Isa isa) {
  const PeakLoop loop = LOOPS[isa];
  double best = 0;
  /* 20 times about a millisecond: other processes take away some, hardly all. */
  int rounds = 1 << 12;
  for (int measurement = 0; measurement < 20;) {
    const double start = seconds();
    const double count = loop(rounds);
    const double elapsed = seconds() - start;
    if (elapsed < 1e-3 && rounds < 1 << 28) {
      rounds *= 2;
      continue;
    }
    if (count / elapsed > best) best = count / elapsed;
    measurement++;
  }
  return best;
}
