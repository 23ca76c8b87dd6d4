/* Packing a block of a depthwise convolution's weights as chains. */
#include <string.h>

#include "chains.h"

#define NONE (-1)

/* The taps (3 * row + column) of each pair of pixels. */
static const int32_t PAIRS[WINDOW_PAIRS][2] = {{0, 3}, {1, 4}, {2, 5},   {6, 7},
                                               {8, NONE}, {NONE, 6}, {7, 8}};

/* The chain of each tap. */
static const int32_t CHAIN_OF[9] = {1, 0, 0, 1, 0, 0, 1, 1, 1};

/* Moves from `weights` to `rest` what a chain's weights of one sign have beyond CHAIN_SUM, or int8. */
static void bound_chain(int32_t weights[9], int32_t rest[9], int32_t chain, int32_t sign) {
  const int32_t most = sign > 0 ? INT8_MAX : -INT8_MIN;
  int32_t sum = 0;
  for (int32_t tap = 0; tap < 9; tap++) {
    if (CHAIN_OF[tap] != chain || sign * weights[tap] <= 0) continue;
    int32_t kept = sign * weights[tap];
    if (kept > most) kept = most;
    if (kept > CHAIN_SUM - sum) kept = CHAIN_SUM - sum;
    sum += kept;
    rest[tap] += weights[tap] - sign * kept;
    weights[tap] = sign * kept;
  }
}

/* Splits off what does not fit; whether there was any. */
static int split(int32_t weights[9], int32_t rest[9]) {
  memset(rest, 0, 9 * sizeof *rest);
  for (int32_t chain = 0; chain < 2; chain++) {
    bound_chain(weights, rest, chain, 1);
    bound_chain(weights, rest, chain, -1);
  }
  int any = 0;
  for (int32_t tap = 0; tap < 9; tap++) any |= rest[tap] != 0;
  return any;
}

static void write_window(const int32_t weights[9], uint8_t *to) {
  for (int32_t pair = 0; pair < WINDOW_PAIRS; pair++, to += 32) {
    for (int32_t i = 0; i < 2; i++) {
      const int32_t tap = PAIRS[pair][i];
      to[i] = tap == NONE ? 0 : (uint8_t)weights[tap];
    }
  }
}

int pack_depthwise_chains(const Op *op, ChannelBlock *block, const uint8_t *filter,
                          int32_t filter_zero_point) {
  uint8_t *to = op->weights + block->weights;
  block->has_rest = 0;
  for (int32_t half = 0; half < 2; half++, to += WINDOW_BYTES) {
    for (int32_t lane = 0; lane < 16; lane++) {
      const int32_t channel = block->start + lane / 8 * 16 + half * 8 + lane % 8;
      int32_t weights[9], rest[9], beyond[9];
      for (int32_t tap = 0; tap < 9; tap++) {
        weights[tap] = filter[tap * op->channels + channel] - filter_zero_point;
      }
      if (split(weights, rest)) block->has_rest |= 1 << half;
      if (split(rest, beyond)) return 0;
      write_window(weights, to + 2 * lane);
      write_window(rest, to + 2 * lane + 2 * WINDOW_BYTES);
    }
  }
  return 1;
}
