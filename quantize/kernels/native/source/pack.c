/* Packing weights in the order in which kernels read them, with the zero points folded in. */
#include "pack.h"
#include "chains.h"

#include <stdlib.h>
#include <string.h>

#include "aligned.h"

/* `count` zeros of `size` bytes. */
static void *zeros(size_t count, size_t size) {
  return count > SIZE_MAX / 2 / size ? NULL : aligned_zeros(count * size);
}

/* bias - zx * sum(wq - wz): bias + sum (xq - zx)(wq - wz) = this + sum xq (wq - wz) (eq. 4). */
static int32_t fold_bias(int32_t bias, int32_t input_zero_point, uint32_t sum) {
  return (int32_t)((uint32_t)bias - (uint32_t)input_zero_point * sum);
}

/* bias - zx * sum(wq - wz) of each column, for free(); NULL when memory is short. */
static int32_t *fold_biases(const Op *op, const uint8_t *filter, int32_t filter_zero_point,
                            const int32_t *bias) {
  const size_t columns = (size_t)op->output_channels, depth = (size_t)op->depth;
  uint32_t *sums = zeros(columns, sizeof *sums);
  if (sums == NULL) return NULL;
  for (size_t k = 0; k < depth; k++) {
    for (size_t m = 0; m < columns; m++) {
      sums[m] += (uint32_t)(filter[k * columns + m] - filter_zero_point);
    }
  }
  int32_t *folded = (int32_t *)sums;
  for (size_t m = 0; m < columns; m++) {
    folded[m] = fold_bias(bias[m], op->input_zero_point, sums[m]);
  }
  return folded;
}

int pack_convolution(Op *op, const Weights *weights, int32_t filter_zero_point) {
  const uint8_t *filter = weights->filter;
  const size_t columns = (size_t)op->output_channels, depth = (size_t)op->depth;
  int32_t *folded = fold_biases(op, filter, filter_zero_point, weights->bias);
  if (folded == NULL) return 0;
  if (op->isa == ISA_AVX2) {
    const ChainsResult result = pack_chains(op, filter, filter_zero_point, folded, weights->multipliers);
    if (result != CHAINS_UNSUITED) {
      free(folded);
      return result == CHAINS_PACKED;
    }
  }
  const int32_t lanes = isa_lanes(op->isa);
  const int is_deep = op->isa == ISA_AVX2 && depth > DEEP_BYTES;
  const int32_t panel_vectors = is_deep ? DEEP_VECTORS : PANEL_VECTORS;
  const size_t width = op->isa == ISA_SCALAR ? columns : (size_t)(panel_vectors * lanes);
  op->panel_columns = (int32_t)width;
  const size_t padded = (columns + width - 1) / width * width;
  const int is_wide = op->isa == ISA_SCALAR || op->isa == ISA_AVX2; /* int16 weights */
  const size_t groups = (depth + (is_wide ? 1 : 3)) / (is_wide ? 2 : 4);
  op->groups = (int32_t)groups;
  const int32_t shift = op->isa == ISA_NEONDOT ? 0 : 128; /* weights are wq - shift: a byte */
  op->row_factor = is_wide ? 0 : shift - filter_zero_point;
  op->bias = zeros(padded, sizeof *op->bias);
  op->multipliers = zeros(padded, sizeof *op->multipliers);
  op->weight_bytes = groups * padded * 4;
  op->weights = zeros(groups * padded, 4);
  if (op->bias == NULL || op->multipliers == NULL || op->weights == NULL) {
    free(folded);
    return 0;
  }
  for (size_t m = 0; m < columns; m++) {
    if (op->isa == ISA_SCALAR) {
      op->bias[m] = folded[m];
      op->multipliers[m] = weights->multipliers[m];
      for (size_t k = 0; k < depth; k++) {
        ((int16_t *)op->weights)[k * columns + m] =
            (int16_t)(filter[k * columns + m] - filter_zero_point);
      }
      continue;
    }
    /* Panels are [groups, vectors, lanes, 4 bytes]; the last has no more vectors than it needs. */
    const size_t panel = m / width, within = m % width;
    const size_t in_panel = columns - panel * width < width ? columns - panel * width : width;
    const size_t vectors = (in_panel + (size_t)lanes - 1) / (size_t)lanes;
    size_t vector = within / (size_t)lanes, position = within % (size_t)lanes;
    if (vectors == PANEL_VECTORS || vectors == 2) {
      /* The inverse of packed_column. */
      vector = within / 4 % vectors;
      position = within / (4 * vectors) * 4 + within % 4;
    }
    const size_t slot = vector * (size_t)lanes + position;
    op->bias[panel * width + slot] = folded[m];
    op->multipliers[panel * width + slot] = weights->multipliers[m];
    uint8_t *to = op->weights + panel * groups * width * 4 + slot * 4;
    const size_t step = vectors * (size_t)lanes * 4;
    for (size_t k = 0; k < depth; k++) {
      const int32_t byte = filter[k * columns + m];
      if (is_wide) {
        const int16_t weight = (int16_t)(byte - filter_zero_point);
        memcpy(to + k / 2 * step + k % 2 * 2, &weight, 2);
      } else {
        to[k / 4 * step + k % 4] = (uint8_t)(byte - shift);
      }
    }
  }
  free(folded);
  return 1;
}

/* The tap of place `i` of a group: of a 3 x 3 window a column's, of another four in their order. */
static size_t tap_of(const Op *op, size_t group, size_t i) {
  const size_t none = SIZE_MAX, tap = 4 * group + i;
  if (is_3x3(op)) return i < 3 ? 3 * i + group : none;
  return tap < (size_t)op->window_height * (size_t)op->window_width ? tap : none;
}

/* Weights of one channel of a depthwise filter, as the SIMD kernels read them. */
static void pack_depthwise_channel(const Op *op, ChannelBlock *block, size_t slot,
                                   size_t channel, const uint8_t *filter, int32_t zero_point) {
  const size_t channels = (size_t)op->channels, step = (size_t)block->width * 4;
  for (size_t group = 0; group < (size_t)op->groups; group++) {
    int32_t w[4];
    for (size_t i = 0; i < 4; i++) {
      const size_t tap = tap_of(op, group, i);
      w[i] = tap == SIZE_MAX ? 0 : filter[tap * channels + channel] - zero_point;
    }
    /* [group, 2 sets, vectors, lanes, 4 bytes] */
    uint8_t *first = op->weights + block->weights + group * 2 * step + slot * 4;
    uint8_t *second = first + step;
    if (op->isa == ISA_AVX2) {
      /* Pairs of int16: the even bytes' weights, then the odd ones'. */
      const int16_t pairs[4] = {(int16_t)w[0], (int16_t)w[2], (int16_t)w[1], (int16_t)w[3]};
      memcpy(first, pairs, 4);
      memcpy(second, pairs + 2, 4);
    } else {
      /* wq - wz in [-255, 255] as the sum of two int8. */
      for (size_t i = 0; i < 4; i++) {
        const int32_t part = w[i] < -128 ? -128 : w[i] > 127 ? 127 : w[i];
        ((int8_t *)first)[i] = (int8_t)part;
        ((int8_t *)second)[i] = (int8_t)(w[i] - part);
        if (w[i] != part) block->has_rest = 1;
      }
    }
  }
}

/* -255 + 128 = -127 and 255 - 127 = 128: a rest of 128 does not fit int8. */
static int depthwise_fits(const Op *op, const uint8_t *filter, int32_t zero_point) {
  const size_t length = (size_t)op->channels * (size_t)(op->window_height * op->window_width);
  for (size_t i = 0; i < length; i++) {
    if (filter[i] - zero_point == 255) return 0;
  }
  return 1;
}

/* The sum over a channel's taps of wq - wz. */
static uint32_t filter_sum(const uint8_t *filter, size_t taps, size_t columns, int32_t zero_point) {
  uint32_t sum = 0;
  for (size_t t = 0; t < taps; t++) sum += (uint32_t)(filter[t * columns] - zero_point);
  return sum;
}

int pack_depthwise(Op *op, const Weights *given, int32_t filter_zero_point) {
  const uint8_t *filter = given->filter;
  const size_t columns = (size_t)op->output_channels;
  const size_t taps = (size_t)op->window_height * (size_t)op->window_width;
  int32_t *folded = zeros(columns, sizeof *folded);
  const size_t row_bytes = (size_t)op->width * (size_t)op->channels;
  op->padding_row = zeros(row_bytes, 1);
  if (folded == NULL || op->padding_row == NULL) {
    free(folded);
    return 0;
  }
  memset(op->padding_row, op->input_zero_point, row_bytes);
  for (size_t m = 0; m < columns; m++) {
    folded[m] = fold_bias(given->bias[m], op->input_zero_point,
                          filter_sum(filter + m, taps, columns, filter_zero_point));
  }
  const int32_t lanes = isa_lanes(op->isa);
  const int32_t narrowest = PANEL_VECTORS * (lanes < 8 || op->channels < 32 ? 4 : 8);
  const int is_vector = op->isa != ISA_SCALAR && taps <= MOST_TAPS &&
                        op->output_channels == op->channels && op->channels >= narrowest &&
                        (op->isa == ISA_AVX2 ||
                         depthwise_fits(op, filter, filter_zero_point));
  if (!is_vector) {
    op->bias = folded;
    op->multipliers = zeros(columns, sizeof *op->multipliers);
    op->weight_bytes = taps * columns * 2;
    op->weights = zeros(taps * columns, 2);
    if (op->multipliers == NULL || op->weights == NULL) return 0;
    memcpy(op->multipliers, given->multipliers, columns * sizeof *op->multipliers);
    for (size_t i = 0; i < taps * columns; i++) {
      ((int16_t *)op->weights)[i] = (int16_t)(filter[i] - filter_zero_point);
    }
    return 1;
  }
  /* Whole blocks, then narrower ones; the last one ends at the last channel. */
  const int32_t widest = PANEL_VECTORS * lanes;
  op->blocks = calloc((size_t)(op->channels / narrowest) + 2, sizeof *op->blocks);
  if (op->blocks == NULL) {
    free(folded);
    return 0;
  }
  op->groups = is_3x3(op) ? 3 : (int32_t)(taps + 3) / 4;
  size_t weights = 0, biases = 0;
  for (int32_t start = 0; start < op->channels;) {
    const int32_t left = op->channels - start;
    const int32_t width = left > narrowest && op->channels >= widest ? widest : narrowest;
    ChannelBlock *block = &op->blocks[op->block_count++];
    block->width = width;
    block->start = left < width ? op->channels - width : start;
    block->weights = weights;
    block->bias = biases;
    const size_t bytes = (size_t)op->groups * 2 * (size_t)width * 4;
    weights += op->isa == ISA_AVX2 ? (is_3x3(op) ? BLOCK_BYTES : bytes + PLACES_BYTES) : bytes;
    biases += (size_t)width;
    start = block->start + width;
  }
  op->weight_bytes = weights;
  op->weights = zeros(weights, 1);
  op->bias = zeros(biases, sizeof *op->bias);
  op->multipliers = zeros(biases, sizeof *op->multipliers);
  const int has_memory = op->weights != NULL && op->bias != NULL && op->multipliers != NULL;
  if (has_memory) {
    for (int32_t b = 0; b < op->block_count; b++) {
      ChannelBlock *block = &op->blocks[b];
      const int32_t block_lanes = block->width / PANEL_VECTORS;
      block->has_chains = op->isa == ISA_AVX2 && block->width == 32 &&
                          (!is_3x3(op) || (op->dilation_y == 1 && op->dilation_x == 1)) &&
                          pack_depthwise_chains(op, block, filter, filter_zero_point);
      for (int32_t slot = 0; slot < block->width; slot++) {
        const size_t channel =
            (size_t)(block->start + packed_column(slot / block_lanes, slot % block_lanes));
        /* NEON multiplies xq - 128: both factors of its signed dot product are int8. */
        const uint32_t sum = filter_sum(filter + channel, taps, columns, filter_zero_point);
        const int32_t shift = op->isa == ISA_NEONDOT ? 128 : 0;
        op->bias[block->bias + (size_t)slot] = fold_bias(folded[channel], -shift, sum);
        op->multipliers[block->bias + (size_t)slot] = given->multipliers[channel];
        if (block->has_chains) continue;
        pack_depthwise_channel(op, block, (size_t)slot, channel, filter, filter_zero_point);
      }
    }
  }
  free(folded);
  return has_memory;
}
