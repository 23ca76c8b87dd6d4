/* Preparing a call: packed weights, folded zero points, tables. */
#include "op.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

/* `count * size` zeroed bytes at a multiple of 64; NULL when memory is short. */
static void *aligned_zeros(size_t count, size_t size) {
  void *memory = NULL;
  const size_t bytes = count * size > 0 ? count * size : 1;
  if (size != 0 && count > SIZE_MAX / 2 / size) return NULL;
  if (posix_memalign(&memory, ALIGNMENT, bytes) != 0) return NULL;
  return memset(memory, 0, bytes);
}

/* bias - zx * sum(wq - wz): bias + sum (xq - zx)(wq - wz) = this + sum xq (wq - wz) (DESIGN eq. 4). */
static int32_t fold_bias(int32_t bias, int32_t input_zero_point, uint32_t sum) {
  return (int32_t)((uint32_t)bias - (uint32_t)input_zero_point * sum);
}

static int pack_convolution(Op *op, const uint8_t *filter, int32_t filter_zero_point,
                            const int32_t *bias) {
  const size_t columns = (size_t)op->output_channels, depth = (size_t)op->depth;
  uint32_t *sums = aligned_zeros(columns, sizeof *sums);
  if (sums == NULL) return 0;
  for (size_t k = 0; k < depth; k++) {
    for (size_t m = 0; m < columns; m++) {
      sums[m] += (uint32_t)(filter[k * columns + m] - filter_zero_point);
    }
  }
  const int32_t lanes = isa_lanes(op->isa);
  const size_t width = op->isa == ISA_SCALAR ? columns : (size_t)(PANEL_VECTORS * lanes);
  const size_t padded = (columns + width - 1) / width * width;
  const int is_wide = op->isa == ISA_SCALAR || op->isa == ISA_AVX2; /* int16 weights */
  const size_t groups = (depth + (is_wide ? 1 : 3)) / (is_wide ? 2 : 4);
  op->groups = (int32_t)groups;
  op->row_factor = is_wide ? 0 : 128 - filter_zero_point;
  op->bias = aligned_zeros(padded, sizeof *op->bias);
  op->weight_bytes = groups * padded * 4;
  op->weights = aligned_zeros(groups * padded, 4);
  if (op->bias == NULL || op->weights == NULL) {
    free(sums);
    return 0;
  }
  for (size_t m = 0; m < columns; m++) {
    const int32_t folded = fold_bias(bias[m], op->input_zero_point, sums[m]);
    if (op->isa == ISA_SCALAR) {
      op->bias[m] = folded;
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
    if (vectors == PANEL_VECTORS) {
      vector = within % 16 / 4;
      position = within / 16 * 4 + within % 4;
    }
    const size_t slot = vector * (size_t)lanes + position;
    op->bias[panel * width + slot] = folded;
    uint8_t *to = op->weights + panel * groups * width * 4 + slot * 4;
    const size_t step = vectors * (size_t)lanes * 4;
    for (size_t k = 0; k < depth; k++) {
      const int32_t byte = filter[k * columns + m];
      if (is_wide) {
        const int16_t weight = (int16_t)(byte - filter_zero_point);
        memcpy(to + k / 2 * step + k % 2 * 2, &weight, 2);
      } else {
        ((int8_t *)to)[k / 4 * step + k % 4] = (int8_t)(byte - 128);
      }
    }
  }
  free(sums);
  return 1;
}

/* Weights of one channel of a 3 x 3 depthwise filter, as the SIMD kernels read them. */
static void pack_depthwise_channel(const Op *op, ChannelBlock *block, size_t slot,
                                   size_t channel, const uint8_t *filter, int32_t zero_point) {
  const size_t channels = (size_t)op->channels, step = (size_t)block->width * 4;
  for (size_t kx = 0; kx < 3; kx++) {
    int32_t w[3];
    for (size_t ky = 0; ky < 3; ky++) {
      w[ky] = filter[(ky * 3 + kx) * channels + channel] - zero_point;
    }
    /* [kx, 2 sets, vectors, lanes, 4 bytes] */
    uint8_t *first = op->weights + block->weights + kx * 2 * step + slot * 4;
    uint8_t *second = first + step;
    if (op->isa == ISA_AVX2) {
      /* Pairs of int16: rows 0 and 2, then row 1 and nothing. */
      const int16_t pairs[4] = {(int16_t)w[0], (int16_t)w[2], (int16_t)w[1], 0};
      memcpy(first, pairs, 4);
      memcpy(second, pairs + 2, 4);
    } else {
      /* wq - wz in [-255, 255] as the sum of two int8. */
      for (size_t ky = 0; ky < 3; ky++) {
        const int32_t part = w[ky] < -128 ? -128 : w[ky] > 127 ? 127 : w[ky];
        ((int8_t *)first)[ky] = (int8_t)part;
        ((int8_t *)second)[ky] = (int8_t)(w[ky] - part);
        if (w[ky] != part) block->has_rest = 1;
      }
    }
  }
}

/* -255 + 128 = -127 and 255 - 127 = 128: a rest of 128 does not fit int8. */
static int depthwise_fits(const Op *op, const uint8_t *filter, int32_t zero_point) {
  const size_t length = (size_t)op->channels * 9;
  for (size_t i = 0; i < length; i++) {
    if (filter[i] - zero_point == 255) return 0;
  }
  return 1;
}

static int pack_depthwise(Op *op, const uint8_t *filter, int32_t filter_zero_point,
                          const int32_t *bias) {
  const size_t columns = (size_t)op->output_channels;
  const size_t taps = (size_t)op->window_height * (size_t)op->window_width;
  int32_t *folded = aligned_zeros(columns, sizeof *folded);
  op->padding_pixel = aligned_zeros((size_t)op->channels, 1);
  if (folded == NULL || op->padding_pixel == NULL) {
    free(folded);
    return 0;
  }
  memset(op->padding_pixel, op->input_zero_point, (size_t)op->channels);
  for (size_t m = 0; m < columns; m++) {
    uint32_t sum = 0;
    for (size_t t = 0; t < taps; t++) {
      sum += (uint32_t)(filter[t * columns + m] - filter_zero_point);
    }
    folded[m] = fold_bias(bias[m], op->input_zero_point, sum);
  }
  const int is_vector = op->isa != ISA_SCALAR && op->window_height == 3 && op->window_width == 3 &&
                        op->output_channels == op->channels && op->channels >= 32 &&
                        (op->isa == ISA_AVX2 ||
                         depthwise_fits(op, filter, filter_zero_point));
  if (!is_vector) {
    op->bias = folded;
    op->weight_bytes = taps * columns * 2;
    op->weights = aligned_zeros(taps * columns, 2);
    if (op->weights == NULL) return 0;
    for (size_t i = 0; i < taps * columns; i++) {
      ((int16_t *)op->weights)[i] = (int16_t)(filter[i] - filter_zero_point);
    }
    return 1;
  }
  /* Whole blocks, then narrower ones; the last one ends at the last channel. */
  const int32_t widest = op->isa == ISA_AVX512VNNI ? 64 : 32;
  op->blocks = calloc((size_t)op->channels / 32 + 2, sizeof *op->blocks);
  if (op->blocks == NULL) {
    free(folded);
    return 0;
  }
  size_t weights = 0, biases = 0;
  for (int32_t start = 0; start < op->channels;) {
    const int32_t left = op->channels - start;
    const int32_t width = left > 32 && op->channels >= widest ? widest : 32;
    ChannelBlock *block = &op->blocks[op->block_count++];
    block->width = width;
    block->start = left < width ? op->channels - width : start;
    block->weights = weights;
    block->bias = biases;
    weights += (size_t)width * 4 * 6;
    biases += (size_t)width;
    start = block->start + width;
  }
  op->weight_bytes = weights;
  op->weights = aligned_zeros(weights, 1);
  op->bias = aligned_zeros(biases, sizeof *op->bias);
  if (op->weights != NULL && op->bias != NULL) {
    for (int32_t b = 0; b < op->block_count; b++) {
      ChannelBlock *block = &op->blocks[b];
      const int32_t lanes = block->width / PANEL_VECTORS;
      for (int32_t slot = 0; slot < block->width; slot++) {
        const size_t channel =
            (size_t)(block->start + packed_column(slot / lanes, slot % lanes));
        op->bias[block->bias + (size_t)slot] = folded[channel];
        pack_depthwise_channel(op, block, (size_t)slot, channel, filter, filter_zero_point);
      }
    }
  }
  free(folded);
  return op->weights != NULL && op->bias != NULL;
}

Op *op_create_windowed(OpKind kind, Isa isa, const int32_t *i, float multiplier,
                       const uint8_t *filter, const int32_t *bias) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = kind;
  op->isa = isa;
  op->references = 1;
  op->batch = i[0];
  op->height = i[1];
  op->width = i[2];
  op->channels = i[3];
  op->window_height = i[4];
  op->window_width = i[5];
  op->stride_y = i[6];
  op->stride_x = i[7];
  op->pad_top = i[8];
  op->pad_left = i[9];
  op->output_height = i[10];
  op->output_width = i[11];
  op->output_channels = i[12];
  op->input_zero_point = i[13];
  const int32_t filter_zero_point = i[14];
  op->requantization = (Requantization){multiplier, i[15], i[16], i[17]};
  op->rows = (size_t)op->batch * (size_t)op->output_height * (size_t)op->output_width;
  int packed = 1;
  if (kind == OP_CONVOLUTION) {
    op->depth = op->window_height * op->window_width * op->channels;
    const int dense = op->window_height == 1 && op->window_width == 1 && op->stride_y == 1 &&
                      op->stride_x == 1 && op->pad_top == 0 && op->pad_left == 0 &&
                      op->output_height == op->height && op->output_width == op->width;
    op->is_pointwise = dense;
    packed = pack_convolution(op, filter, filter_zero_point, bias);
    const size_t row_bytes = (size_t)op->groups * 4;
    const size_t fitting = 96 * 1024 / row_bytes / 6 * 6;
    op->block_rows = fitting < 6 ? 6 : fitting > 384 ? 384 : fitting;
  } else if (kind == OP_DEPTHWISE) {
    packed = pack_depthwise(op, filter, filter_zero_point, bias);
  }
  if (packed) return op;
  op_release(op);
  return NULL;
}

Op *op_create_concat(int32_t positions, int32_t input_count, const int32_t *channels,
                     const int32_t *zero_points, const float *multipliers, int32_t zero_point_out) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = OP_CONCAT;
  op->references = 1;
  op->rows = (size_t)positions;
  op->input_count = input_count;
  op->input_channels = calloc((size_t)input_count, sizeof *op->input_channels);
  op->tables = malloc((size_t)input_count * 256);
  if (op->input_channels == NULL || op->tables == NULL) {
    op_release(op);
    return NULL;
  }
  for (int32_t i = 0; i < input_count; i++) {
    op->input_channels[i] = channels[i];
    op->output_channels += channels[i];
    /* DESIGN eq. 5 with acc = q - z */
    const Requantization r = {multipliers[i], zero_point_out, 0, 255};
    for (int32_t q = 0; q < 256; q++) {
      op->tables[256 * (size_t)i + (size_t)q] =
          (uint8_t)requantize((uint32_t)(q - zero_points[i]), &r);
    }
  }
  return op;
}

void op_release(Op *op) {
  if (op == NULL || --op->references > 0) return;
  free(op->weights);
  free(op->bias);
  free(op->blocks);
  free(op->padding_pixel);
  free(op->input_channels);
  free(op->tables);
  free(op);
}

static size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* Sizes of the four parts of a thread's scratch. */
static void scratch_parts(const Op *op, size_t parts[4]) {
  const size_t slack = 64;
  memset(parts, 0, 4 * sizeof *parts);
  if (op->kind == OP_CONVOLUTION) {
    const size_t row_bytes = (size_t)op->groups * 4;
    parts[0] = aligned(op->block_rows * row_bytes + slack);
    parts[1] = op->isa == ISA_AVX2 ? aligned(op->block_rows * row_bytes + slack) : 0;
    parts[2] = aligned(op->block_rows * sizeof(int32_t));
  }
  if (op->kind != OP_CONCAT) parts[3] = aligned((size_t)op->output_channels * sizeof(int32_t));
}

size_t op_scratch_bytes(const Op *op) {
  size_t parts[4];
  scratch_parts(op, parts);
  return parts[0] + parts[1] + parts[2] + parts[3];
}

int scratch_reserve(Scratch *scratch, const Op *op) {
  size_t parts[4];
  scratch_parts(op, parts);
  const size_t bytes = parts[0] + parts[1] + parts[2] + parts[3];
  if (bytes > scratch->capacity) {
    void *memory = aligned_zeros(bytes, 1);
    if (memory == NULL) return 0;
    free(scratch->gathered);
    scratch->gathered = memory;
    scratch->capacity = bytes;
  }
  scratch->narrow = scratch->gathered + parts[0];
  scratch->row_terms = (int32_t *)(void *)(scratch->narrow + parts[1]);
  scratch->accumulators = (int32_t *)(void *)(scratch->narrow + parts[1] + parts[2]);
  return 1;
}

void scratch_free(Scratch *scratch) {
  free(scratch->gathered);
  memset(scratch, 0, sizeof *scratch);
}
