/* Depthwise convolutions of few channels, several pixels at a time. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* At most so many make whole blocks; of more a block overlaps the one before. */
#define MOST_PIXELS 16

int32_t pixels_of_row(Isa isa, const Windowed *w) {
  const int32_t channels = w->channels, widest = PANEL_VECTORS * isa_lanes(isa);
  const int32_t narrow = isa == ISA_NEONDOT ? 16 : 32;
  if (isa == ISA_SCALAR || w->output_channels != channels) return 1;
  if (w->window_height * w->window_width > MOST_TAPS) return 1;
  /* With a stride, 16 channels and more are faster where they are. */
  if (channels >= (w->stride_x == 1 ? narrow : 16)) return 1;
  int32_t pixels = 1;
  while (pixels < MOST_PIXELS && channels * pixels % widest != 0) pixels++;
  if (channels * pixels < widest) pixels = (widest + channels - 1) / channels;
  if (pixels > w->output_width) pixels = w->output_width;
  return channels * pixels < 16 ? 1 : pixels;
}

/* Columns of a phase. */
static int32_t phase_width(const Windowed *w) {
  return w->output_width + (w->window_width - 1) * w->dilation_x / w->stride_x;
}

Windowed windowed_row(const Windowed *w, int32_t pixels) {
  Windowed row = *w;
  row.batch = 1;
  row.height = w->window_height;
  row.width = phase_width(w);
  row.channels = row.output_channels = w->channels * pixels;
  row.padding_top = row.padding_left = 0;
  row.dilation_y = 1;
  row.output_height = 1;
  return row;
}

static void *repeat(const void *from, size_t bytes, int32_t times) {
  uint8_t *to = malloc(bytes * (size_t)times);
  if (to == NULL) return NULL;
  for (int32_t i = 0; i < times; i++) memcpy(to + (size_t)i * bytes, from, bytes);
  return to;
}

void free_weights(Weights *repeated) {
  free((void *)repeated->filter);
  free((void *)repeated->bias);
  free((void *)repeated->multipliers);
  free((void *)repeated->factors);
}

int repeat_weights(const Windowed *w, const Weights *weights, int32_t pixels, Weights *repeated) {
  const size_t channels = (size_t)w->channels, times = (size_t)pixels;
  const size_t taps = (size_t)w->window_height * (size_t)w->window_width;
  uint8_t *filter = malloc(taps * channels * times);
  const int is_fixed = weights->factors != NULL;
  *repeated = (Weights){
      .filter = filter,
      .bias = repeat(weights->bias, channels * sizeof *weights->bias, pixels),
      .multipliers = repeat(weights->multipliers, channels * sizeof *weights->multipliers, pixels),
      .rounding = weights->rounding,
      .factors = is_fixed ? repeat(weights->factors, channels * sizeof *weights->factors, pixels) : NULL};
  if (filter == NULL || repeated->bias == NULL || repeated->multipliers == NULL ||
      (is_fixed && repeated->factors == NULL)) {
    free_weights(repeated);
    return 0;
  }
  for (size_t i = 0; i < taps * times; i++) {
    memcpy(filter + i * channels, weights->filter + i / times * channels, channels);
  }
  return 1;
}

size_t row_bytes_of(const Op *op) {
  return (size_t)op->row->height * (size_t)op->row->stride_x * op->row->phase_bytes;
}

/* A row of the input, or padding, as its phases. */
static void gather_phases(const Op *op, const uint8_t *row, uint8_t *to) {
  const size_t pixel = (size_t)op->channels, width = op->row->phase_bytes / pixel;
  for (int32_t phase = 0; phase < op->stride_x; phase++, to += op->row->phase_bytes) {
    /* Column j is the input's j * stride + phase - pad_left: those from `begin` up to `end` are there. */
    const int64_t first = (int64_t)phase - op->pad_left, stride = op->stride_x;
    const int64_t before = first < 0 ? (-first + stride - 1) / stride : 0;
    const int64_t after = op->width > first ? (op->width - first + stride - 1) / stride : 0;
    const size_t begin = before < (int64_t)width ? (size_t)before : width;
    const size_t end = after < (int64_t)width ? (size_t)after : width;
    memset(to, op->input_zero_point, op->row->phase_bytes);
    if (end <= begin) continue;
    const uint8_t *from = row + (size_t)(first + (int64_t)begin * stride) * pixel;
    if (stride == 1) {
      memcpy(to + begin * pixel, from, (end - begin) * pixel);
      continue;
    }
    for (size_t j = begin; j < end; j++, from += (size_t)stride * pixel) {
      memcpy(to + j * pixel, from, pixel);
    }
  }
}

void copy_rows(const Op *op, const uint8_t *input, size_t row, uint8_t *to) {
  const size_t height = (size_t)op->output_height;
  const size_t row_bytes = (size_t)op->width * (size_t)op->channels;
  const uint8_t *image = input + row / height * (size_t)op->height * row_bytes;
  const int64_t top = (int64_t)(row % height) * op->stride_y - op->pad_top;
  const size_t bytes = (size_t)op->stride_x * op->row->phase_bytes;
  for (int32_t ky = 0; ky < op->window_height; ky++, to += bytes) {
    const int64_t iy = top + ky * (int64_t)op->dilation_y;
    if (iy >= 0 && iy < op->height) {
      gather_phases(op, image + (size_t)iy * row_bytes, to);
    } else {
      memset(to, op->input_zero_point, bytes);
    }
  }
}
