/* One input of a concatenation along the channels; equation 5 with (byte - zero point) as accumulator. */
typedef struct {
  int32_t positions;
  int32_t channels, first_channel, output_channels;
  int32_t input_zero_point;
  tf8_requantization to;
} tf8_part;

static void tf8_concat_part(const tf8_part *part, const uint8_t *input, uint8_t *output) {
  output += part->first_channel;
  for (int32_t position = 0; position < part->positions; position++) {
    for (int32_t c = 0; c < part->channels; c++) {
      const int32_t difference = *input++ - part->input_zero_point;
      output[c] = tf8_requantize(difference, &part->to.factor, &part->to);
    }
    output += part->output_channels;
  }
}
