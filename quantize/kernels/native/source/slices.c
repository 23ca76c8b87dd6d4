/* Several plain convolutions of one input into parts of one output. */
#include "slices.h"

#include <stdlib.h>
#include <string.h>

int is_slice(const Op *op, const SlicePlace *place, const WholeTensors *whole) {
  if (op->kind != OP_CONVOLUTION || op->batch != whole->batch || op->height != whole->height ||
      op->width != whole->width || place->input_offset < 0 ||
      place->input_offset > whole->channels - op->channels || place->output_offset < 0 ||
      place->output_step < op->output_channels || place->output_row < 0) {
    return 0;
  }
  const int64_t image = (int64_t)whole->output_height * whole->output_width * whole->output_channels;
  const int64_t last = (int64_t)place->output_offset +
                       (int64_t)(op->output_height - 1) * place->output_row +
                       (int64_t)(op->output_width - 1) * place->output_step + op->output_channels;
  return image <= INT32_MAX && last <= image;
}

Op *op_create_sliced(size_t count, Op *const *ops, const SlicePlace *places,
                     const WholeTensors *whole) {
  Op *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  op->kind = OP_SLICED;
  op->references = 1;
  op->batch = whole->batch;
  op->height = whole->height;
  op->width = whole->width;
  op->channels = whole->channels;
  op->output_height = whole->output_height;
  op->output_width = whole->output_width;
  op->output_channels = whole->output_channels;
  op->rows = (size_t)op->batch * (size_t)op->output_height * (size_t)op->output_width;
  op->slices = calloc(1, sizeof *op->slices);
  if (op->slices != NULL) {
    op->slices->ops = calloc(count, sizeof *op->slices->ops);
    op->slices->places = calloc(count, sizeof *op->slices->places);
  }
  if (op->slices == NULL || op->slices->ops == NULL || op->slices->places == NULL) {
    op_release(op);
    return NULL;
  }
  op->slices->count = count;
  memcpy(op->slices->places, places, count * sizeof *places);
  for (size_t i = 0; i < count; i++) {
    Op *slice = ops[i];
    slice->references++;
    slice->input_step = (size_t)whole->channels;
    slice->output_step = (size_t)places[i].output_step;
    /* Rows of the matrix lie apart in the image. */
    if (slice->channels != whole->channels) slice->is_pointwise = 0;
    op->slices->ops[i] = slice;
  }
  return op;
}

static size_t image_bytes(const Op *op) {
  return (size_t)op->output_height * (size_t)op->output_width * (size_t)op->output_channels;
}

/* Whether the positions of all rows lie at one distance. */
static int is_even(const Op *op, const Op *slice, const SlicePlace *place) {
  const size_t row = (size_t)slice->output_width * (size_t)place->output_step;
  return (size_t)place->output_row == row && (size_t)slice->output_height * row == image_bytes(op);
}

/* Tiles, or rows. */
static size_t units_of(const Op *op, size_t index) {
  const Op *slice = op->slices->ops[index];
  return is_even(op, slice, &op->slices->places[index])
             ? (slice->rows + TILE_HEIGHT - 1) / TILE_HEIGHT
             : (size_t)slice->batch * (size_t)slice->output_height;
}

size_t slices_units(const Op *op) {
  size_t units = 0;
  for (size_t i = 0; i < op->slices->count; i++) units += units_of(op, i);
  return units;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Units [first, last) of one slice. */
static void run_slice(const Op *op, size_t index, const uint8_t *input, uint8_t *output,
                      size_t first, size_t last, uint8_t *memory) {
  const Op *slice = op->slices->ops[index];
  const SlicePlace *place = &op->slices->places[index];
  const uint8_t *from = input + place->input_offset;
  uint8_t *to = output + place->output_offset;
  Scratch scratch = op_scratch(slice, memory);
  if (is_even(op, slice, place)) {
    const size_t begin = first * TILE_HEIGHT;
    convolution_rows(slice, from, to + begin * slice->output_step, begin,
                     smaller(last * TILE_HEIGHT, slice->rows), &scratch);
    return;
  }
  const size_t height = (size_t)slice->output_height, width = (size_t)slice->output_width;
  for (size_t row = first; row < last; row++) {
    uint8_t *row_to =
        to + row / height * image_bytes(op) + row % height * (size_t)place->output_row;
    convolution_rows(slice, from, row_to, row * width, (row + 1) * width, &scratch);
  }
}

void slices_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                uint8_t *memory) {
  size_t begin = 0;
  for (size_t i = 0; i < op->slices->count && begin < last; i++) {
    const size_t units = units_of(op, i);
    const size_t from = first > begin ? first - begin : 0;
    const size_t to = smaller(last - begin, units);
    if (from < to) run_slice(op, i, input, output, from, to, memory);
    begin += units;
  }
}
