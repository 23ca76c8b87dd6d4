/* Packing a block of a depthwise convolution's weights as chains. */
#include <string.h>

#include "chains.h"

#define NONE (-1)

/* Of 3 x 3 windows: the taps (3 * row + column) of each pair of pixels. */
static const int32_t PAIRS[WINDOW_PAIRS][2] = {{0, 3}, {1, 4}, {2, 5},   {6, 7},
                                               {8, NONE}, {NONE, 6}, {7, 8}};

/* The taps of a chain. */
typedef struct {
  int32_t count;
  int32_t taps[5];
} Taps;

static const Taps CHAINS_3X3[2] = {{4, {1, 2, 4, 5}}, {5, {0, 3, 6, 7, 8}}};

/* Moves from `weights` to `rest` what a chain's weights of one sign have beyond CHAIN_SUM, or int8. */
static void bound_chain(int32_t *weights, int32_t *rest, const Taps *chain, int32_t sign) {
  const int32_t most = sign > 0 ? INT8_MAX : -INT8_MIN;
  int32_t sum = 0;
  for (int32_t i = 0; i < chain->count; i++) {
    const int32_t tap = chain->taps[i];
    if (sign * weights[tap] <= 0) continue;
    int32_t kept = sign * weights[tap];
    if (kept > most) kept = most;
    if (kept > CHAIN_SUM - sum) kept = CHAIN_SUM - sum;
    sum += kept;
    rest[tap] += weights[tap] - sign * kept;
    weights[tap] = sign * kept;
  }
}

/* Of a window that is not 3 x 3. */
static Taps taps_of_group(int32_t group) {
  return (Taps){4, {4 * group, 4 * group + 1, 4 * group + 2, 4 * group + 3}};
}

/* Splits off what does not fit; whether there was any. */
static int split(const Op *op, int32_t *weights, int32_t *rest) {
  memset(rest, 0, MOST_TAPS * sizeof *rest);
  const int32_t chains = is_3x3(op) ? 2 : op->groups;
  for (int32_t chain = 0; chain < chains; chain++) {
    const Taps taps = is_3x3(op) ? CHAINS_3X3[chain] : taps_of_group(chain);
    bound_chain(weights, rest, &taps, 1);
    bound_chain(weights, rest, &taps, -1);
  }
  int any = 0;
  for (int32_t tap = 0; tap < MOST_TAPS; tap++) any |= rest[tap] != 0;
  return any;
}

/* Of one channel, whose half and lane `to` is at. */
static void write_window(const Op *op, const int32_t *weights, uint8_t *to) {
  if (is_3x3(op)) {
    for (int32_t pair = 0; pair < WINDOW_PAIRS; pair++, to += 32) {
      for (int32_t i = 0; i < 2; i++) {
        const int32_t tap = PAIRS[pair][i];
        to[i] = tap == NONE ? 0 : (uint8_t)weights[tap];
      }
    }
    return;
  }
  for (int32_t group = 0; group < op->groups; group++, to += GROUP_BYTES, weights += 4) {
    for (int32_t i = 0; i < 4; i++) to[i / 2 * 32 + i % 2] = (uint8_t)weights[i];
  }
}

int pack_depthwise_chains(const Op *op, ChannelBlock *block, const uint8_t *filter,
                          int32_t filter_zero_point) {
  const int32_t taps = op->window_height * op->window_width;
  const size_t half_bytes = is_3x3(op) ? WINDOW_BYTES : GROUP_BYTES / 2;
  const size_t set = is_3x3(op) ? 2 * WINDOW_BYTES : (size_t)op->groups * GROUP_BYTES;
  block->has_rest = 0;
  for (int32_t half = 0; half < 2; half++) {
    for (int32_t lane = 0; lane < 16; lane++) {
      const int32_t channel = block->start + lane / 8 * 16 + half * 8 + lane % 8;
      int32_t weights[MOST_TAPS] = {0}, rest[MOST_TAPS], beyond[MOST_TAPS];
      for (int32_t tap = 0; tap < taps; tap++) {
        weights[tap] = filter[tap * op->channels + channel] - filter_zero_point;
      }
      if (split(op, weights, rest)) block->has_rest |= 1 << half;
      if (split(op, rest, beyond)) return 0;
      uint8_t *to = op->weights + block->weights + (size_t)half * half_bytes + 2 * lane;
      write_window(op, weights, to);
      write_window(op, rest, to + set);
    }
  }
  return 1;
}
