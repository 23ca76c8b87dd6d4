/* How many multiply-accumulates a second an instruction set reaches with its operands in registers. */
#ifndef TF8_PEAK_H
#define TF8_PEAK_H

#include <time.h>

#include "op.h"

/* A clock that no one sets. */
static inline double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* `rounds` times some independent accumulations; returns the multiply-accumulates made. */
typedef double (*PeakLoop)(int rounds);

double peak_scalar(int rounds);
#if TF8_X86
double peak_avx2(int rounds);
double peak_avxvnni(int rounds);
double peak_avx512vnni(int rounds);
#elif TF8_ARM64
double peak_neondot(int rounds);
#endif

/* Multiply-accumulates a second: the best of several measurements, some tens of milliseconds in all. */
double measure_peak(Isa isa);

#endif
