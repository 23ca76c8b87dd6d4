/* Preparing a call, and the memory that its runs need. */
#include "op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aligned.h"
#include "elementwise.h"
#include "pack.h"
#include "rearrange.h"
#include "rows.h"
#include "slices.h"

/* Of a block of rows, beside a panel's weights. */
#ifndef L1_BYTES
#define L1_BYTES (20 * 1024)
#endif

/* The largest |acc| of an output channel: |bias| + sum(|xq - zx| |wq - wz|). */
static double greatest_accumulator(const Windowed *w, const Weights *weights, size_t depth, size_t m) {
  const int32_t most = w->input_zero_point > 127 ? w->input_zero_point : 255 - w->input_zero_point;
  double sum = 0;
  for (size_t i = 0; i < depth; i++) {
    sum += abs(weights->filter[i * (size_t)w->output_channels + m] - w->filter_zero_point);
  }
  return fabs((double)weights->bias[m]) + most * sum;
}

/*
 * The vector kernels' scaled accumulators fit int32 where the multiplier is below 1, since |acc| <= 2^31, and
 * where no accumulator is so large: half of what fits, for the roundings on the way.
 */
static int suits_vectors(OpKind kind, const Windowed *w, const Weights *weights) {
  const size_t taps = (size_t)w->window_height * (size_t)w->window_width;
  const size_t depth = kind == OP_CONVOLUTION ? taps * (size_t)w->channels : taps;
  for (int32_t m = 0; m < w->output_channels; m++) {
    const double multiplier = weights->multipliers[m];
    if (multiplier < 1) continue;
    const double most = greatest_accumulator(w, weights, depth, (size_t)m);
    if (!(most * multiplier < 1 << 30)) return 0;
  }
  return 1;
}

/* Whether AVX2 rounds by these factors: multipliers below 1, and no depthwise blocks of 16 channels. */
static int suits_fixed(OpKind kind, Isa isa, const Windowed *w, const Factor *factors) {
  if (isa != ISA_AVX2 && isa != ISA_AVXVNNI && isa != ISA_AVX512VNNI) return 0;
  if (kind == OP_DEPTHWISE && w->channels < 32) return 0;
  for (int32_t m = 0; m < w->output_channels; m++) {
    if (factors[m].exponent > 0) return 0;
  }
  return 1;
}

/* Places of packed multipliers. */
static size_t packed_places(const Op *op) {
  if (op->kind == OP_CONVOLUTION) return convolution_panels(op) * (size_t)op->panel_columns;
  size_t places = 0;
  for (int32_t b = 0; b < op->block_count; b++) places += (size_t)op->blocks[b].width;
  return places;
}

/* In the place of packed numbers m + 1 of channels the factors of these, 0 where there is none. */
static int pack_factors(Op *op, const Factor *factors) {
  const size_t places = packed_places(op);
  int32_t *packed = (int32_t *)(void *)aligned_zeros(2 * places * sizeof *packed);
  if (packed == NULL) return 0;
  for (size_t i = 0; i < places; i++) {
    const int32_t m = (int32_t)op->multipliers[i] - 1;
    if (m < 0) continue;
    packed[i] = factors[m].mantissa;
    packed[places + i] = -factors[m].exponent;
  }
  free(op->multipliers);
  op->multipliers = (float *)(void *)packed;
  op->requantization.shifts_at = places;
  return 1;
}

/* With packed weights, of eq. 16 whatever the kernel. */
static int pack_weights(Op *op, const Weights *weights, int32_t filter_zero_point) {
  return op->kind == OP_CONVOLUTION ? pack_convolution(op, weights, filter_zero_point)
                                    : pack_depthwise(op, weights, filter_zero_point);
}

/* The same with factors, for whichever kernel the op has. */
static int pack_fixed(Op *op, const Weights *weights, int32_t filter_zero_point) {
  const size_t channels = (size_t)op->output_channels;
  op->rounding = op->requantization.rounding = weights->rounding;
  op->factors = malloc(channels * sizeof *op->factors);
  if (op->factors == NULL) return 0;
  memcpy(op->factors, weights->factors, channels * sizeof *op->factors);
  if (op->isa == ISA_SCALAR) return pack_weights(op, weights, filter_zero_point);
  float *numbers = malloc(channels * sizeof *numbers);
  if (numbers == NULL) return 0;
  for (size_t m = 0; m < channels; m++) numbers[m] = (float)(m + 1);
  Weights numbered = *weights;
  numbered.multipliers = numbers;
  const int packed = pack_weights(op, &numbered, filter_zero_point);
  free(numbers);
  const int is_scalar = op->kind == OP_DEPTHWISE && op->block_count == 0;
  return packed && (is_scalar || pack_factors(op, weights->factors));
}

/*
 * Rows of the matrix that go over all panels before the next ones: what they read and write stays in the L1
 * cache, unless the weights, which each block of rows reads again, are what fills the L2 cache.
 */
static size_t rows_of_block(const Op *op) {
  const size_t read = (size_t)op->groups * 4, written = (size_t)op->output_channels;
  const int is_small = op->weight_bytes <= 96 * 1024;
  const size_t fitting = is_small ? L1_BYTES / (read + written) : 96 * 1024 / read;
  const size_t least = is_small ? 24 : TILE_HEIGHT;
  const size_t rows = fitting < least ? least : fitting > 384 ? 384 : fitting;
  return rows / TILE_HEIGHT * TILE_HEIGHT;
}

/* `pixels`: as Op has them. */
static Op *create_windowed(OpKind kind, Isa isa, const Windowed *w, const Weights *weights,
                           int32_t pixels) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = kind;
  const int has_weights = kind == OP_CONVOLUTION || kind == OP_DEPTHWISE;
  const int is_fixed = has_weights && weights->rounding != ROUNDING_SINGLE;
  const int is_scalar =
      has_weights && !(is_fixed ? suits_fixed(kind, isa, w, weights->factors)
                                : suits_vectors(kind, w, weights));
  op->isa = is_scalar ? ISA_SCALAR : is_fixed ? ISA_AVX2 : isa;
  op->references = 1;
  op->batch = w->batch;
  op->height = w->height;
  op->width = w->width;
  op->channels = w->channels;
  op->window_height = w->window_height;
  op->window_width = w->window_width;
  op->stride_y = w->stride_y;
  op->stride_x = w->stride_x;
  op->pad_top = w->padding_top;
  op->pad_left = w->padding_left;
  op->dilation_y = w->dilation_y;
  op->dilation_x = w->dilation_x;
  op->output_height = w->output_height;
  op->output_width = w->output_width;
  op->output_channels = w->output_channels;
  op->input_zero_point = w->input_zero_point;
  op->requantization = w->requantization;
  op->rows = (size_t)op->batch * (size_t)op->output_height * (size_t)op->output_width;
  op->pixels = pixels;
  op->pixel_bytes = pixels > 0 ? op->channels / pixels : op->channels;
  op->phase_bytes = (size_t)op->width * (size_t)op->pixel_bytes;
  op->input_step = (size_t)op->channels;
  op->output_step = (size_t)op->output_channels;
  if (kind == OP_CONVOLUTION) {
    op->depth = op->window_height * op->window_width * op->channels;
    const int dense = op->window_height == 1 && op->window_width == 1 && op->stride_y == 1 &&
                      op->stride_x == 1 && op->pad_top == 0 && op->pad_left == 0 &&
                      op->output_height == op->height && op->output_width == op->width;
    op->is_pointwise = dense;
  }
  const int packed = !has_weights ? 1
                     : is_fixed   ? pack_fixed(op, weights, w->filter_zero_point)
                                  : pack_weights(op, weights, w->filter_zero_point);
  if (packed && kind == OP_CONVOLUTION) op->block_rows = rows_of_block(op);
  if (packed) return op;
  op_release(op);
  return NULL;
}

/* What makes an output row; NULL where it has no vectors, or memory is short. */
static Op *create_row(Isa isa, const Windowed *w, const Weights *weights, int32_t pixels) {
  const Windowed row = windowed_row(w, pixels);
  Weights repeated;
  if (!repeat_weights(w, weights, pixels, &repeated)) return NULL;
  Op *op = create_windowed(OP_DEPTHWISE, isa, &row, &repeated, pixels);
  free_weights(&repeated);
  if (op == NULL || op->block_count > 0) return op;
  op_release(op);
  return NULL;
}

Op *op_create_windowed(OpKind kind, Isa isa, const Windowed *w, const Weights *weights) {
  Op *op = create_windowed(kind, isa, w, weights, 0);
  if (op == NULL || kind != OP_DEPTHWISE) return op;
  const int32_t pixels = pixels_of_row(isa, w);
  /* Without one it is slower, and no less right. */
  if (pixels > 1) op->row = create_row(isa, w, weights, pixels);
  return op;
}

/* With room for the channels and tables of its inputs; NULL when memory is short. */
static Op *tables_op(int32_t positions, int32_t input_count) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = OP_CONCAT;
  op->references = 1;
  op->rows = (size_t)positions;
  op->input_count = input_count;
  op->input_channels = calloc((size_t)input_count, sizeof *op->input_channels);
  op->tables = malloc((size_t)input_count * 256);
  if (op->input_channels != NULL && op->tables != NULL) return op;
  op_release(op);
  return NULL;
}

Op *op_create_concat(int32_t positions, int32_t input_count, const int32_t *channels,
                     const uint8_t *tables) {
  Op *op = tables_op(positions, input_count);
  if (op == NULL) return NULL;
  for (int32_t i = 0; i < input_count; i++) {
    op->input_channels[i] = channels[i];
    op->output_channels += channels[i];
  }
  memcpy(op->tables, tables, (size_t)input_count * 256);
  return op;
}

Op *op_create_lookup(int32_t positions, int32_t channels, const uint8_t *table) {
  Op *op = tables_op(positions, 1);
  if (op == NULL) return NULL;
  op->input_channels[0] = op->output_channels = channels;
  memcpy(op->tables, table, 256);
  return op;
}

static void release_slices(Slices *slices) {
  if (slices == NULL) return;
  for (size_t i = 0; i < slices->count; i++) op_release(slices->ops[i]);
  free(slices->ops);
  free(slices->places);
  free(slices);
}

void op_release(Op *op) {
  if (op == NULL || --op->references > 0) return;
  free(op->weights);
  free(op->bias);
  free(op->multipliers);
  free(op->factors);
  free(op->chain_panels);
  free(op->chain_offsets);
  free(op->blocks);
  free(op->padding_row);
  op_release(op->row);
  free(op->input_channels);
  free(op->tables);
  free(op->elementwise);
  free(op->rearrangement);
  free(op->taps);
  free(op->powers);
  free(op->table);
  release_slices(op->slices);
  free(op);
}

size_t op_input_bytes(const Op *op, size_t index) {
  if (op->kind == OP_CONCAT) return op->rows * (size_t)op->input_channels[index];
  if (op->elementwise != NULL) {
    const size_t rows = index == 0 ? op->rows : op->rows / (size_t)op->elementwise->share;
    return rows * (size_t)op->output_channels;
  }
  if (op->rearrangement != NULL) {
    return (size_t)op->rearrangement->batch * (size_t)op->rearrangement->image_bytes;
  }
  return (size_t)op->batch * (size_t)op->height * (size_t)op->width * (size_t)op->channels;
}

static size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* Sizes of the four parts of a run's scratch memory. */
static void scratch_parts(const Op *op, size_t parts[4]) {
  const size_t slack = 64;
  memset(parts, 0, 4 * sizeof *parts);
  if (op->kind == OP_CONVOLUTION) {
    const size_t row_bytes = (size_t)op->groups * 4;
    parts[0] = aligned(op->block_rows * row_bytes + slack);
    const int widens = op->isa == ISA_AVX2 && op->chain_panels == NULL;
    parts[1] = widens ? aligned(op->block_rows * row_bytes + slack) : 0;
    parts[2] = aligned((op->block_rows + 3) * sizeof(int32_t));
  }
  if (op->kind == OP_RESIZE) {
    parts[3] = aligned((size_t)op->width * (size_t)op->channels * sizeof(int32_t));
  }
  if (op->row != NULL) parts[0] = aligned(row_bytes_of(op) + slack);
  if (op->kind < OP_CONCAT) parts[3] = aligned((size_t)op->output_channels * sizeof(int32_t));
}

size_t op_scratch_bytes(const Op *op) {
  if (op->kind == OP_SLICED) {
    /* Slices run one after another. */
    size_t most = 0;
    for (size_t i = 0; i < op->slices->count; i++) {
      const size_t bytes = op_scratch_bytes(op->slices->ops[i]);
      if (bytes > most) most = bytes;
    }
    return most;
  }
  size_t parts[4];
  scratch_parts(op, parts);
  return parts[0] + parts[1] + parts[2] + parts[3];
}

Scratch op_scratch(const Op *op, uint8_t *memory) {
  size_t parts[4];
  scratch_parts(op, parts);
  uint8_t *row_terms = memory + parts[0] + parts[1];
  return (Scratch){.gathered = memory,
                   .narrow = memory + parts[0],
                   .row_terms = (int32_t *)(void *)row_terms,
                   .accumulators = (int32_t *)(void *)(row_terms + parts[2])};
}
