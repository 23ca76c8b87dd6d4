/* Equation 10: a function of each byte. */
typedef struct {
  int32_t count;
  const uint8_t *table; /* [256] */
} tf8_table;

static void tf8_lookup(const tf8_table *lookup, const uint8_t *input, uint8_t *output) {
  for (int32_t i = 0; i < lookup->count; i++) output[i] = lookup->table[input[i]];
}
