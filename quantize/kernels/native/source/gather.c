/* im2col: the rows of the matrix whose product with the filter is the convolution. */
#include <string.h>

#include "op.h"

static int32_t between(int64_t value, int32_t high) {
  return value < 0 ? 0 : value > high ? high : (int32_t)value;
}

/* Zeros behind a row, at most three bytes: stores, since calling memset costs more than a row. */
static inline void clear_tail(uint8_t *row, size_t depth, size_t stride) {
  if (stride > depth) row[depth] = 0;
  if (stride > depth + 1) row[depth + 1] = 0;
  if (stride > depth + 2) row[depth + 2] = 0;
}

typedef struct {
  size_t channels;
  size_t image_row;  /* bytes */
  size_t window_row; /* bytes */
  const uint8_t *end; /* of the input */
} Sizes;

/*
 * Rows whose windows lie within the image and are at most 16 bytes wide, such as most of a first
 * convolution: a fixed length is one load and one store. What it writes too much is overwritten, or
 * slack.
 */
static inline __attribute__((always_inline)) void gather_short(const uint8_t *from, const Sizes *s,
                                                               const int32_t window_height,
                                                               size_t step, size_t count,
                                                               uint8_t *to, size_t depth,
                                                               size_t stride) {
  for (; count > 0; count--, from += step, to += stride) {
    for (int32_t ky = 0; ky < window_height; ky++) {
      memcpy(to + (size_t)ky * s->window_row, from + (size_t)ky * s->image_row, 16);
    }
    clear_tail(to, depth, stride);
  }
}

/*
 * How many rows from that of the window (top, left) of image n on, at most `most`, gather_short may
 * take; `from` becomes the window's first byte where it is not 0.
 */
static size_t short_run(const Op *op, const Sizes *s, const uint8_t *input, size_t n, int64_t top,
                        int64_t left, size_t most, const uint8_t **from) {
  if (s->window_row > 16 || top < 0 || top + op->window_height > op->height || left < 0 ||
      left + op->window_width > op->width) {
    return 0;
  }
  *from = input + (n * (size_t)op->height + (size_t)top) * s->image_row +
          (size_t)left * s->channels;
  const size_t reach = (size_t)(op->window_height - 1) * s->image_row + 16;
  const size_t readable = (size_t)(s->end - *from);
  if (readable < reach) return 0;
  const size_t to_end = (readable - reach) / ((size_t)op->stride_x * s->channels) + 1;
  const size_t to_edge = (size_t)((op->width - op->window_width - left) / op->stride_x) + 1;
  const size_t run = to_edge < to_end ? to_edge : to_end;
  return run < most ? run : most;
}

/* One row whose window may lie partly or wholly outside of image n. */
static void gather_row(const Op *op, const Sizes *s, const uint8_t *input, size_t n, int64_t top,
                       int64_t left, uint8_t *to) {
  /* The window's columns [inside, outside) lie in the image. */
  const int32_t inside = between(-left, op->window_width);
  const int32_t outside = between(op->width - left, op->window_width);
  const size_t before = (size_t)inside * s->channels;
  const size_t length = outside > inside ? (size_t)(outside - inside) * s->channels : 0;
  for (int32_t ky = 0; ky < op->window_height; ky++, to += s->window_row) {
    const int64_t iy = top + ky;
    if (iy < 0 || iy >= op->height || length == 0) {
      memset(to, op->input_zero_point, s->window_row);
      continue;
    }
    const uint8_t *from = input + (n * (size_t)op->height + (size_t)iy) * s->image_row +
                          (size_t)(left + inside) * s->channels;
    if (length < s->window_row) memset(to, op->input_zero_point, s->window_row);
    memcpy(to + before, from, length);
  }
}

/* One row whose taps, or whose positions, lie apart. */
static void gather_taps(const Op *op, const Sizes *s, const uint8_t *input, size_t n, int64_t top,
                        int64_t left, uint8_t *to) {
  for (int32_t ky = 0; ky < op->window_height; ky++) {
    const int64_t iy = top + (int64_t)ky * op->dilation_y;
    if (iy < 0 || iy >= op->height) {
      memset(to, op->input_zero_point, s->window_row);
      to += s->window_row;
      continue;
    }
    const uint8_t *row = input + (n * (size_t)op->height + (size_t)iy) * s->image_row;
    for (int32_t kx = 0; kx < op->window_width; kx++, to += s->channels) {
      const int64_t ix = left + (int64_t)kx * op->dilation_x;
      if (ix < 0 || ix >= op->width) {
        memset(to, op->input_zero_point, s->channels);
      } else {
        memcpy(to, row + (size_t)ix * op->input_step, s->channels);
      }
    }
  }
}

void gather_rows(const Op *op, const uint8_t *input, size_t first, size_t count, uint8_t *to,
                 size_t stride) {
  const size_t channels = (size_t)op->channels, image_row = (size_t)op->width * op->input_step;
  const Sizes s = {channels, image_row, (size_t)op->window_width * channels,
                   input + (size_t)op->batch * (size_t)op->height * image_row};
  const size_t step = (size_t)op->stride_x * channels, depth = (size_t)op->depth;
  const int is_apart = op->dilation_y != 1 || op->dilation_x != 1 || op->input_step != channels;
  const size_t positions = (size_t)op->output_height * (size_t)op->output_width;
  size_t n = first / positions;
  int32_t y = (int32_t)(first % positions / (size_t)op->output_width);
  int32_t x = (int32_t)(first % (size_t)op->output_width);
  while (count > 0) {
    const int64_t top = (int64_t)y * op->stride_y - op->pad_top;
    const int64_t left = (int64_t)x * op->stride_x - op->pad_left;
    const size_t in_line = (size_t)(op->output_width - x);
    const size_t most = in_line < count ? in_line : count;
    const uint8_t *from;
    size_t run = is_apart ? 0 : short_run(op, &s, input, n, top, left, most, &from);
    if (run == 0) {
      if (is_apart) {
        gather_taps(op, &s, input, n, top, left, to);
      } else {
        gather_row(op, &s, input, n, top, left, to);
      }
      clear_tail(to, depth, stride);
      run = 1;
    } else if (op->window_height == 3) {
      gather_short(from, &s, 3, step, run, to, depth, stride);
    } else {
      gather_short(from, &s, op->window_height, step, run, to, depth, stride);
    }
    count -= run;
    to += run * stride;
    x += (int32_t)run;
    if (x == op->output_width) {
      x = 0;
      if (++y == op->output_height) {
        y = 0;
        n++;
      }
    }
  }
}
