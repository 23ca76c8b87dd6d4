/* Kernels in portable C: what every instruction set falls back to, and the small operations. */
#include <string.h>

#include "op.h"

/* 1.5 * 2^23: |x| <= 2^22 plus this is a single with steps of 1, so the sum rounds half to even. */
#define ROUNDING 12582912.0f

int32_t requantize(uint32_t accumulator, float multiplier, const Requantization *r) {
  /* eq. 5; the bounds are integers, so clamping before rounding gives the same byte. */
  const float scaled = (float)(int32_t)accumulator * multiplier;
  const float low = (float)(r->low - r->zero_point);
  const float high = (float)(r->high - r->zero_point);
  const float bounded = scaled < low ? low : scaled > high ? high : scaled;
  return (int32_t)(bounded + ROUNDING - ROUNDING) + r->zero_point;
}

/* x / 2^shift rounded down; shift < 63. */
static int64_t shifted(int64_t x, int32_t shift) {
  return x >= 0 ? x >> shift : -((-x - 1) >> shift) - 1;
}

/* gemmlowp's two roundings: of the doubled high product, ties up, and of the shift, ties away from 0. */
static int64_t round_twice(int32_t accumulator, Factor factor) {
  int64_t raised = accumulator;
  if (factor.exponent > 0) raised *= (int64_t)1 << factor.exponent;
  if (raised > INT32_MAX) raised = INT32_MAX;
  if (raised < INT32_MIN) raised = INT32_MIN;
  const int64_t doubled = shifted(raised * factor.mantissa + ((int64_t)1 << 30), 31);
  if (factor.exponent >= 0) return doubled;
  const int32_t shift = -factor.exponent;
  const int64_t magnitude = ((doubled < 0 ? -doubled : doubled) + ((int64_t)1 << (shift - 1))) >> shift;
  return doubled < 0 ? -magnitude : magnitude;
}

int32_t requantize_fixed(uint32_t accumulator, Factor factor, Rounding rounding,
                         const Requantization *r) {
  const int32_t acc = (int32_t)accumulator;
  int64_t scaled;
  if (rounding == ROUNDING_DOUBLE) {
    scaled = round_twice(acc, factor);
  } else {
    /* |product| + half < 2^62 + 2^61 */
    const int32_t shift = 31 - factor.exponent;
    scaled = shifted((int64_t)acc * factor.mantissa + ((int64_t)1 << (shift - 1)), shift);
  }
  const int64_t byte = scaled + r->zero_point;
  return (int32_t)(byte < r->low ? r->low : byte > r->high ? r->high : byte);
}

/* Of channel m of a layer with weights, by its rounding. */
static uint8_t byte_of(const Op *op, uint32_t accumulator, size_t m) {
  return (uint8_t)(op->factors == NULL
                       ? requantize(accumulator, op->multipliers[m], &op->requantization)
                       : requantize_fixed(accumulator, op->factors[m], op->rounding,
                                          &op->requantization));
}

/* 1.5 * 2^52: doubles of this size have steps of 1, so adding it rounds half to even. */
#define ROUNDING_DOUBLE 6755399441055744.0

int quantize_array(const float *real, size_t length, double scale, int32_t zero_point,
                   uint8_t *output) {
  /* eq. 2; the bounds are integers, so clamping before rounding gives the same byte. */
  const double low = -zero_point, high = 255 - zero_point;
  int is_number = 1;
  for (size_t i = 0; i < length; i++) {
    const double steps = (double)real[i] / scale;
    is_number &= steps == steps;
    const double above = steps > low ? steps : low; /* NaN becomes low */
    const double bounded = above < high ? above : high;
    output[i] = (uint8_t)((int32_t)(bounded + ROUNDING_DOUBLE - ROUNDING_DOUBLE) + zero_point);
  }
  return is_number;
}

void convolution_scalar(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                        size_t last, int32_t first_panel, int32_t last_panel, Scratch *scratch) {
  /* One panel holds all columns; weights are [depth, columns] int16: wq - wz. */
  if (first_panel >= last_panel) return;
  const int16_t *weights = (const int16_t *)op->weights;
  const size_t columns = (size_t)op->output_channels;
  uint32_t *accumulators = (uint32_t *)scratch->accumulators;
  for (size_t row = first; row < last; row++) {
    const uint8_t *x = input + row * (size_t)op->depth;
    if (!op->is_pointwise) {
      gather_rows(op, input, row, 1, scratch->gathered, (size_t)op->depth);
      x = scratch->gathered;
    }
    memcpy(accumulators, op->bias, columns * sizeof *accumulators);
    for (int32_t k = 0; k < op->depth; k++) {
      const int32_t value = x[k];
      const int16_t *w = weights + (size_t)k * columns;
      for (size_t m = 0; m < columns; m++) accumulators[m] += (uint32_t)(value * w[m]);
    }
    uint8_t *to = output + (row - first) * op->output_step;
    for (size_t m = 0; m < columns; m++) {
      to[m] = byte_of(op, accumulators[m], (size_t)m);
    }
  }
}

void depthwise_scalar(const Op *op, const uint8_t *input, uint8_t *output, size_t first,
                      size_t last, Scratch *scratch) {
  /* Weights are [kh * kw, output channels] int16: wq - wz. */
  const int16_t *weights = (const int16_t *)op->weights;
  const int32_t columns = op->output_channels, channels = op->channels;
  const int32_t multiplier = columns / channels;
  uint32_t *accumulators = (uint32_t *)scratch->accumulators;
  for (size_t row = first; row < last; row++) {
    const size_t n = row / (size_t)op->output_height;
    const int32_t y = (int32_t)(row % (size_t)op->output_height);
    for (int32_t x = 0; x < op->output_width; x++) {
      memcpy(accumulators, op->bias, (size_t)columns * sizeof *accumulators);
      for (int32_t ky = 0; ky < op->window_height; ky++) {
        const int64_t iy = (int64_t)y * op->stride_y - op->pad_top +
                           (int64_t)ky * op->dilation_y;
        for (int32_t kx = 0; kx < op->window_width; kx++) {
          const int64_t ix = (int64_t)x * op->stride_x - op->pad_left +
                             (int64_t)kx * op->dilation_x;
          const int inside = iy >= 0 && iy < op->height && ix >= 0 && ix < op->width;
          const uint8_t *from =
              inside ? input + ((n * (size_t)op->height + (size_t)iy) * (size_t)op->width +
                                (size_t)ix) * (size_t)channels
                     : op->padding_row;
          const int16_t *w = weights + ((size_t)ky * (size_t)op->window_width + (size_t)kx) *
                                           (size_t)columns;
          if (multiplier == 1) {
            for (int32_t m = 0; m < columns; m++) accumulators[m] += (uint32_t)(from[m] * w[m]);
          } else {
            for (int32_t m = 0; m < columns; m++) {
              accumulators[m] += (uint32_t)(from[m / multiplier] * w[m]);
            }
          }
        }
      }
      uint8_t *to = output + (row * (size_t)op->output_width + (size_t)x) * (size_t)columns;
      for (int32_t m = 0; m < columns; m++) {
        to[m] = byte_of(op, accumulators[m], (size_t)m);
      }
    }
  }
}

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

/* The part of a pool's window that is within the image. */
typedef struct {
  const uint8_t *image;
  int32_t y0, y1, x0, x1;
} Window;

static const uint8_t *pixel_at(const Op *op, const Window *w, int32_t y, int32_t x) {
  return w->image + ((size_t)y * (size_t)op->width + (size_t)x) * (size_t)op->channels;
}

/* The greatest bytes, which any compiler makes vectors of. */
static void greatest(const Op *op, const Window *w, uint8_t *restrict to) {
  const size_t channels = (size_t)op->channels;
  const uint8_t low = (uint8_t)op->requantization.low, high = (uint8_t)op->requantization.high;
  memset(to, low, channels);
  for (int32_t y = w->y0; y < w->y1; y++) {
    for (int32_t x = w->x0; x < w->x1; x++) {
      const uint8_t *from = pixel_at(op, w, y, x);
      for (size_t c = 0; c < channels; c++) to[c] = to[c] > from[c] ? to[c] : from[c];
    }
  }
  for (size_t c = 0; c < channels; c++) to[c] = to[c] < high ? to[c] : high;
}

/* The means, by way of `sums`. */
static void mean(const Op *op, const Window *w, uint32_t *restrict sums, uint8_t *to) {
  const size_t channels = (size_t)op->channels;
  const int32_t low = op->requantization.low, high = op->requantization.high;
  memset(sums, 0, channels * sizeof *sums);
  for (int32_t y = w->y0; y < w->y1; y++) {
    for (int32_t x = w->x0; x < w->x1; x++) {
      const uint8_t *from = pixel_at(op, w, y, x);
      for (size_t c = 0; c < channels; c++) sums[c] += from[c];
    }
  }
  const uint32_t count = (uint32_t)(w->y1 - w->y0) * (uint32_t)(w->x1 - w->x0);
  /*
   * eq. 6: (sum + n / 2) / n in integers, by the reciprocal in units of 2^-32, rounded up by e / 2^32 with
   * e < n: exact, since what is divided is below 256 n, and 256 n^2 below 2^32.
   */
  const int is_few = count < 4096;
  const uint64_t reciprocal = is_few ? (((uint64_t)1 << 32) + count - 1) / count : 0;
  for (size_t c = 0; c < channels; c++) {
    const uint32_t sum = sums[c] + count / 2;
    const uint32_t value = is_few ? (uint32_t)(sum * reciprocal >> 32) : sum / count;
    to[c] = (uint8_t)larger(low, smaller((int32_t)value, high));
  }
}

/* Output rows (of all images) [first, last) of an average or a maximum. */
void pool_scalar(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                 Scratch *scratch) {
  const size_t channels = (size_t)op->channels, height = (size_t)op->output_height;
  uint32_t *sums = (uint32_t *)scratch->accumulators;
  uint8_t *to = output + first * (size_t)op->output_width * channels;
  for (size_t row = first; row < last; row++) {
    const int32_t top = (int32_t)(row % height) * op->stride_y - op->pad_top;
    Window window = {.image = input + row / height * (size_t)op->height * (size_t)op->width * channels,
                     .y0 = larger(top, 0),
                     .y1 = smaller(top + op->window_height, op->height)};
    for (int32_t x = 0; x < op->output_width; x++, to += channels) {
      const int32_t left = x * op->stride_x - op->pad_left;
      window.x0 = larger(left, 0);
      window.x1 = smaller(left + op->window_width, op->width);
      if (op->kind == OP_AVERAGE_POOL) {
        mean(op, &window, sums, to);
      } else {
        greatest(op, &window, to);
      }
    }
  }
}

/* Positions [first, last): each input byte has its output byte in a table. */
void concat_scalar(const Op *op, const uint8_t *const *inputs, uint8_t *output, size_t first,
                   size_t last) {
  size_t offset = 0;
  for (int32_t i = 0; i < op->input_count; i++) {
    const size_t channels = (size_t)op->input_channels[i];
    const uint8_t *table = op->tables + 256 * (size_t)i;
    for (size_t position = first; position < last; position++) {
      const uint8_t *from = inputs[i] + position * channels;
      uint8_t *to = output + position * (size_t)op->output_channels + offset;
      for (size_t c = 0; c < channels; c++) to[c] = table[from[c]];
    }
    offset += channels;
  }
}
