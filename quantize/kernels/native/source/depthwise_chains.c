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

/* Splits off what does not fit; whether there was any. weights, rest: [MOST_TAPS] */
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

/* What a lane's channel is multiplied by, and what that leaves; 0 where two windows do not suffice. */
static int split_lane(const Op *op, const ChannelBlock *block, int32_t half, int32_t lane,
                      const uint8_t *filter, int32_t zero_point, int32_t weights[MOST_TAPS],
                      int32_t rest[MOST_TAPS]) {
  const int32_t channel = block->start + lane / 8 * 16 + half * 8 + lane % 8;
  const int32_t taps = op->window_height * op->window_width;
  int32_t beyond[MOST_TAPS], left[MOST_TAPS];
  memset(weights, 0, MOST_TAPS * sizeof *weights);
  for (int32_t tap = 0; tap < taps; tap++) {
    weights[tap] = filter[tap * op->channels + channel] - zero_point;
  }
  split(op, weights, rest);
  memcpy(left, rest, sizeof left);
  return !split(op, left, beyond);
}

static void write_3x3(const int32_t weights[MOST_TAPS], uint8_t *to) {
  for (int32_t pair = 0; pair < WINDOW_PAIRS; pair++, to += 32) {
    for (int32_t i = 0; i < 2; i++) {
      const int32_t tap = PAIRS[pair][i];
      to[i] = tap == NONE ? 0 : (uint8_t)weights[tap];
    }
  }
}

static int pack_3x3(const Op *op, ChannelBlock *block, const uint8_t *filter, int32_t zero_point) {
  int32_t weights[MOST_TAPS], rest[MOST_TAPS];
  block->has_rest = 0;
  for (int32_t half = 0; half < 2; half++) {
    for (int32_t lane = 0; lane < 16; lane++) {
      if (!split_lane(op, block, half, lane, filter, zero_point, weights, rest)) return 0;
      for (int32_t tap = 0; tap < 9; tap++) block->has_rest |= (rest[tap] != 0) << half;
      uint8_t *to = op->weights + block->weights + half * WINDOW_BYTES + 2 * lane;
      write_3x3(weights, to);
      write_3x3(rest, to + 2 * WINDOW_BYTES);
    }
  }
  return 1;
}

/* Of a window that is not 3 x 3: the groups in their order, then those that some channel has a rest of. */
static int pack_groups(const Op *op, ChannelBlock *block, const uint8_t *filter,
                       int32_t zero_point) {
  int32_t weights[2][16][MOST_TAPS], rests[2][16][MOST_TAPS];
  for (int32_t half = 0; half < 2; half++) {
    for (int32_t lane = 0; lane < 16; lane++) {
      if (!split_lane(op, block, half, lane, filter, zero_point, weights[half][lane],
                      rests[half][lane])) {
        return 0;
      }
    }
  }
  uint8_t *to = op->weights + block->weights, *places = to + 2 * (size_t)op->groups * GROUP_BYTES;
  int32_t count = 0;
  for (int32_t g = 0; g < 2 * op->groups; g++) {
    const int is_rest = g >= op->groups;
    const int32_t group = is_rest ? g - op->groups : g;
    int any = !is_rest;
    for (int32_t half = 0; half < 2; half++) {
      for (int32_t lane = 0; lane < 16; lane++) {
        const int32_t *from = (is_rest ? rests : weights)[half][lane] + 4 * group;
        uint8_t *at = to + half * (GROUP_BYTES / 2) + 2 * lane;
        for (int32_t i = 0; i < 4; i++) {
          at[i / 2 * 32 + i % 2] = (uint8_t)from[i];
          any |= from[i] != 0;
        }
      }
    }
    if (!any) continue;
    places[count++] = (uint8_t)group;
    to += GROUP_BYTES;
  }
  block->has_rest = count - op->groups;
  return 1;
}

int pack_depthwise_chains(const Op *op, ChannelBlock *block, const uint8_t *filter,
                          int32_t filter_zero_point) {
  return is_3x3(op) ? pack_3x3(op, block, filter, filter_zero_point)
                    : pack_groups(op, block, filter, filter_zero_point);
}
