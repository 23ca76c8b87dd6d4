/*
 * Runs a TF8 network on one image: the equations of TF8 arithmetic with a loop for every index,
 * no libraries but C's own. Written by "tf8 export --format c"; equations have the numbers of tf8's
 * quantize/params/README.md.
 *
 *     cc -std=c99 -O2 -o run THIS_FILE
 *     ./run IMAGE [LAYERS]
 *
 * IMAGE is a file of height * width * channels bytes at the parameters of the network's input. Each value
 * of an output is printed as its byte, its real value and its label; in front of each of several outputs
 * stands a line "# NAME: HEIGHT x WIDTH x CHANNELS". LAYERS gets the bytes of every layer,
 * [height][width][channels], in the order of tf8_nodes.
 *
 * Needs IEEE single precision and rounding to nearest, C's default. Each product is rounded by an
 * assignment and no sum follows it, so neither excess precision nor contraction changes a byte.
 */
#include <stdio.h>
#include <string.h>

#include "model.h"

/* Where the byte of a channel at a position lies. */
static uint8_t *at(const tf8_tensor *tensor, int32_t y, int32_t x, int32_t channel) {
  return tensor->data + ((size_t)y * (size_t)tensor->width + (size_t)x) * (size_t)tensor->channels +
         (size_t)channel;
}

static int32_t clamp(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}

/*
 * The nearest integer, ties to the even one; beyond +-1024, where every sum with a zero point is
 * clamped to the same byte, +-1024. The part behind the point is exact: it has no bit that x lacks.
 */
static int32_t round_half_even(double x) {
  const double magnitude = x < 0 ? -x : x;
  int32_t rounded = 1024;
  if (magnitude < 1024) {
    rounded = (int32_t)magnitude;
    const double part = magnitude - rounded;
    if (part > 0.5 || (part == 0.5 && rounded % 2 == 1)) rounded++;
  }
  return x < 0 ? -rounded : rounded;
}

/* Equation 5, from accumulators at one scale to bytes. */
typedef struct {
  float multiplier;
  int32_t zero_point, low, high;
} requantization;

static uint8_t requantize(int32_t accumulator, const requantization *to) {
  const float scaled = (float)accumulator * to->multiplier;
  return (uint8_t)clamp(round_half_even(scaled) + to->zero_point, to->low, to->high);
}

/* Equation 2: the byte of a real value. */
static int32_t quantize(double real, const tf8_tensor *tensor) {
  return clamp(round_half_even(real / tensor->scale) + tensor->zero_point, 0, 255);
}

static requantization requantization_of(const tf8_node *node, const tf8_tensor *input,
                                        const tf8_tensor *output) {
  const float accumulator_scale = input->scale * node->weights_scale;
  const float multiplier = accumulator_scale / output->scale;
  requantization to = {multiplier, output->zero_point, 0, 255};
  if (node->activation != TF8_LINEAR) to.low = quantize(0, output);
  if (node->activation == TF8_RELU6) to.high = quantize(6, output);
  return to;
}

/*
 * Equation 4: accumulator[m] = bias[m] + sum of (input - zero point) * (weight - zero point). Padded
 * positions hold the input's zero point, so they add nothing.
 */
static void convolve(const tf8_node *node, const tf8_tensor *input, const tf8_tensor *output) {
  const requantization to = requantization_of(node, input, output);
  const int32_t depthwise = node->op == TF8_DEPTHWISE_CONV_2D;
  /* Of a depthwise convolution, outputs per input channel. */
  const int32_t outputs = depthwise ? output->channels / input->channels : output->channels;
  for (int32_t y = 0; y < output->height; y++) {
    for (int32_t x = 0; x < output->width; x++) {
      int32_t accumulators[TF8_MAX_CHANNELS];
      memcpy(accumulators, node->bias, (size_t)output->channels * sizeof *accumulators);
      for (int32_t ky = 0; ky < node->window_height; ky++) {
        for (int32_t kx = 0; kx < node->window_width; kx++) {
          const int32_t iy =
              y * node->stride_height - node->padding_top + ky * node->dilation_height;
          const int32_t ix =
              x * node->stride_width - node->padding_left + kx * node->dilation_width;
          if (iy < 0 || iy >= input->height || ix < 0 || ix >= input->width) continue;
          for (int32_t c = 0; c < input->channels; c++) {
            const int32_t difference = *at(input, iy, ix, c) - input->zero_point;
            const size_t tap = (size_t)ky * (size_t)node->window_width + (size_t)kx;
            const uint8_t *weights =
                node->weights + (tap * (size_t)input->channels + (size_t)c) * (size_t)outputs;
            int32_t *sums = depthwise ? accumulators + c * outputs : accumulators;
            for (int32_t m = 0; m < outputs; m++) {
              sums[m] += difference * (weights[m] - node->weights_zero_point);
            }
          }
        }
      }
      for (int32_t m = 0; m < output->channels; m++) {
        *at(output, y, x, m) = requantize(accumulators[m], &to);
      }
    }
  }
}

/* Equation 6: the greatest byte of the window, or the mean (sum + n / 2) / n; padding takes no part. */
static void pool(const tf8_node *node, const tf8_tensor *input, const tf8_tensor *output) {
  for (int32_t y = 0; y < output->height; y++) {
    for (int32_t x = 0; x < output->width; x++) {
      for (int32_t c = 0; c < output->channels; c++) {
        uint32_t count = 0, sum = 0;
        uint8_t greatest = 0;
        for (int32_t ky = 0; ky < node->window_height; ky++) {
          for (int32_t kx = 0; kx < node->window_width; kx++) {
            const int32_t iy = y * node->stride_height - node->padding_top + ky;
            const int32_t ix = x * node->stride_width - node->padding_left + kx;
            if (iy < 0 || iy >= input->height || ix < 0 || ix >= input->width) continue;
            const uint8_t byte = *at(input, iy, ix, c);
            count++;
            sum += byte;
            if (byte > greatest) greatest = byte;
          }
        }
        *at(output, y, x, c) =
            node->op == TF8_MAX_POOL_2D ? greatest : (uint8_t)((sum + count / 2) / count);
      }
    }
  }
}

static size_t bytes_of(const tf8_tensor *tensor) {
  return (size_t)tensor->height * (size_t)tensor->width * (size_t)tensor->channels;
}

/* Joins runs of bytes; equation 5 with (byte - zero point) as the accumulator. */
static void concatenate(const tf8_node *node, const tf8_tensor *output) {
  const size_t runs = (size_t)node->runs;
  uint8_t *first = output->data;
  for (int32_t index = 0; index < node->input_count; index++) {
    const tf8_tensor *input = &tf8_tensors[node->inputs[index]];
    const float multiplier = input->scale / output->scale;
    const requantization to = {multiplier, output->zero_point, 0, 255};
    const size_t length = bytes_of(input) / runs;
    for (size_t run = 0; run < runs; run++) {
      uint8_t *bytes = first + run * (bytes_of(output) / runs);
      for (size_t i = 0; i < length; i++) {
        bytes[i] = requantize(input->data[run * length + i] - input->zero_point, &to);
      }
    }
    first += length;
  }
}

/* The byte of a channel in the second input, which is as large as the first, or [1][1][channels]. */
static uint8_t second_at(const tf8_tensor *second, const tf8_tensor *first, int32_t y, int32_t x,
                         int32_t channel) {
  const int32_t whole = second->height == first->height && second->width == first->width;
  return whole ? *at(second, y, x, channel) : second->data[channel];
}

/*
 * Equation 9: (a * A + b * B + half) / 2^shift, rounded down, of differences from the zero points.
 * Division rounds towards 0: a negative numerator is brought above it first, by whole quotients.
 */
static int32_t shifted_sum(const tf8_node *node, int32_t a, int32_t b) {
  const int64_t unit = (int64_t)1 << node->shift;
  const int64_t sum =
      (int64_t)a * node->multipliers[0] + (int64_t)b * node->multipliers[1] + unit / 2;
  const int64_t lift = (int64_t)1 << 20; /* |sum| < 2^31 <= unit * 2^20, for shift >= 13 */
  return (int32_t)((sum + unit * lift) / unit - lift);
}

static void combine(const tf8_node *node, const tf8_tensor *first, const tf8_tensor *output) {
  const tf8_tensor *second = &tf8_tensors[node->inputs[1]];
  const requantization to = requantization_of(node, first, output);
  for (int32_t y = 0; y < output->height; y++) {
    for (int32_t x = 0; x < output->width; x++) {
      for (int32_t c = 0; c < output->channels; c++) {
        const int32_t a = *at(first, y, x, c) - first->zero_point;
        const int32_t b = second_at(second, first, y, x, c) - second->zero_point;
        *at(output, y, x, c) =
            node->op == TF8_MULTIPLY
                ? requantize(a * b, &to)
                : (uint8_t)clamp(shifted_sum(node, a, b) + to.zero_point, to.low, to.high);
      }
    }
  }
}

/* Equation 10: a function of each byte. */
static void look_up(const tf8_node *node, const tf8_tensor *input, const tf8_tensor *output) {
  const size_t count = bytes_of(input);
  for (size_t i = 0; i < count; i++) output->data[i] = node->table[input->data[i]];
}

/* Equation 11: bytes in other places; the zero point where there are none. */
static void rearrange(const tf8_node *node, const tf8_tensor *input, const tf8_tensor *output) {
  const tf8_map *map = node->map;
  for (size_t i = 0; i < bytes_of(output); i++) {
    size_t rest = i;
    int32_t from = map->offset, inside = 1;
    for (int loop = 4; loop >= 0; loop--) {
      const int32_t index = (int32_t)(rest % (size_t)map->sizes[loop]);
      rest /= (size_t)map->sizes[loop];
      from += index * map->strides[loop];
      inside &= index >= map->begins[loop] && index < map->ends[loop];
    }
    output->data[i] = inside ? input->data[from] : (uint8_t)input->zero_point;
  }
}

static int fail(const char *what, const char *path) {
  fprintf(stderr, "%s: %s\n", path, what);
  return 1;
}

int main(int argc, char **argv) {
  const tf8_tensor *image = &tf8_tensors[0];
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "%s\nusage: run IMAGE [LAYERS]\n", tf8_description);
    fprintf(stderr, "IMAGE: %ld x %ld x %ld bytes q; %.9g * (q - %ld) is the real value\n",
            (long)image->height, (long)image->width, (long)image->channels, (double)image->scale,
            (long)image->zero_point);
    return 2;
  }

  FILE *file = fopen(argv[1], "rb");
  if (file == NULL) return fail("cannot be opened", argv[1]);
  const int whole = fread(image->data, 1, bytes_of(image), file) == bytes_of(image);
  const int longer = fgetc(file) != EOF;
  fclose(file);
  if (!whole || longer) {
    fprintf(stderr, "%s: is not of the size of an image, %ld x %ld x %ld bytes\n", argv[1],
            (long)image->height, (long)image->width, (long)image->channels);
    return 1;
  }

  for (int32_t index = 0; index < TF8_NODES; index++) {
    const tf8_node *node = &tf8_nodes[index];
    const tf8_tensor *input = &tf8_tensors[node->inputs[0]];
    const tf8_tensor *output = &tf8_tensors[node->output];
    switch (node->op) {
      case TF8_CONV_2D:
      case TF8_DEPTHWISE_CONV_2D:
        convolve(node, input, output);
        break;
      case TF8_AVERAGE_POOL_2D:
      case TF8_MAX_POOL_2D:
        pool(node, input, output);
        break;
      case TF8_CONCAT:
        concatenate(node, output);
        break;
      case TF8_ADD:
      case TF8_MULTIPLY:
        combine(node, input, output);
        break;
      case TF8_LOOKUP:
        look_up(node, input, output);
        break;
      case TF8_REARRANGE:
        rearrange(node, input, output);
        break;
    }
  }

  if (argc == 3) {
    file = fopen(argv[2], "wb");
    if (file == NULL) return fail("cannot be written", argv[2]);
    int written = 1;
    for (int32_t index = 0; index < TF8_NODES; index++) {
      const tf8_tensor *layer = &tf8_tensors[tf8_nodes[index].output];
      written &= fwrite(layer->data, 1, bytes_of(layer), file) == bytes_of(layer);
    }
    written &= fclose(file) == 0;
    if (!written) return fail("cannot be written", argv[2]);
  }

  for (int32_t index = 0; index < TF8_OUTPUTS; index++) {
    const tf8_tensor *output = &tf8_tensors[tf8_outputs[index]];
    if (TF8_OUTPUTS > 1) {
      printf("# %s: %ld x %ld x %ld\n", output->name, (long)output->height, (long)output->width,
             (long)output->channels);
    }
    for (size_t i = 0; i < bytes_of(output); i++) {
      const int32_t byte = output->data[i];
      const float real = output->scale * (float)(byte - output->zero_point);
      const char *label = tf8_outputs[index] == TF8_CLASSES ? tf8_labels[i] : "";
      printf("%ld %.9g %s\n", (long)byte, (double)real, label);
    }
  }
  return fflush(stdout) == 0 ? 0 : fail("cannot be written", "standard output");
}
