/*
 * An example of a program that runs a network of tf8, and its test: it reads one image, and prints or
 * writes what the network makes of it.
 *
 *     cc -std=c99 -O2 -o run THIS_FILE LIBRARY
 *     ./run IMAGE [LAYERS]
 *
 * IMAGE is a file of height * width * channels bytes at the parameters of the network's input. Each value
 * of an output is printed as its byte, its real value and its label; in front of each of several outputs
 * stands a line "# NAME: HEIGHT x WIDTH x CHANNELS". LAYERS gets the bytes of every layer,
 * [height][width][channels], in the network's order.
 */
#include <stdio.h>

#include "model.h"

TF8_LABELS
/* The input lies in the arena: no memory more. */
static uint8_t arena[TF8_ARENA_BYTES];
TF8_OUTPUT_ARRAYS
typedef struct {
  const char *name;
  const uint8_t *data;
  int32_t height, width, channels;
  float scale;
  int32_t zero_point;
  const char *const *labels;
} output_tensor;

static const output_tensor outputs[] = {
TF8_OUTPUT_TENSORS
};
enum { OUTPUTS = sizeof outputs / sizeof *outputs };

typedef struct {
  FILE *file;
  int whole;
} layers_file;

static void write_layer(void *context, int32_t layer, const uint8_t *bytes, size_t count) {
  layers_file *layers = (layers_file *)context;
  (void)layer;
  layers->whole &= fwrite(bytes, 1, count, layers->file) == count;
}

static int fail(const char *what, const char *path) {
  fprintf(stderr, "%s: %s\n", path, what);
  return 1;
}

int main(int argc, char **argv) {
  uint8_t *image = arena + TF8_INPUT_OFFSET;
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "%s\nusage: run IMAGE [LAYERS]\n", TF8_DESCRIPTION);
    fprintf(stderr, "IMAGE: %ld x %ld x %ld bytes q; %.9g * (q - %ld) is the real value\n",
            (long)TF8_INPUT_HEIGHT, (long)TF8_INPUT_WIDTH, (long)TF8_INPUT_CHANNELS,
            (double)TF8_INPUT_SCALE, (long)TF8_INPUT_ZERO_POINT);
    return 2;
  }

  FILE *file = fopen(argv[1], "rb");
  if (file == NULL) return fail("cannot be opened", argv[1]);
  const int whole = fread(image, 1, TF8_INPUT_BYTES, file) == TF8_INPUT_BYTES;
  const int longer = fgetc(file) != EOF;
  fclose(file);
  if (!whole || longer) {
    fprintf(stderr, "%s: is not of the size of an image, %ld x %ld x %ld bytes\n", argv[1],
            (long)TF8_INPUT_HEIGHT, (long)TF8_INPUT_WIDTH, (long)TF8_INPUT_CHANNELS);
    return 1;
  }

  if (argc == 2) {
    tf8_run(arena, image, TF8_OUTPUT_NAMES);
  } else {
    layers_file layers = {fopen(argv[2], "wb"), 1};
    if (layers.file == NULL) return fail("cannot be written", argv[2]);
    tf8_run_observed(arena, image, TF8_OUTPUT_NAMES, write_layer, &layers);
    layers.whole &= fclose(layers.file) == 0;
    if (!layers.whole) return fail("cannot be written", argv[2]);
  }

  for (int index = 0; index < OUTPUTS; index++) {
    const output_tensor *output = &outputs[index];
    if (OUTPUTS > 1) {
      printf("# %s: %ld x %ld x %ld\n", output->name, (long)output->height, (long)output->width,
             (long)output->channels);
    }
    const size_t count = (size_t)output->height * (size_t)output->width * (size_t)output->channels;
    for (size_t i = 0; i < count; i++) {
      const int32_t byte = output->data[i];
      const float real = output->scale * (float)(byte - output->zero_point);
      printf("%ld %.9g %s\n", (long)byte, (double)real, output->labels ? output->labels[i] : "");
    }
  }
  return fflush(stdout) == 0 ? 0 : fail("cannot be written", "standard output");
}
