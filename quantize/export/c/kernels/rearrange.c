/* Equation 11: bytes in other places, five loops over the output; the byte of zero where there are none. */
typedef struct {
  int32_t sizes[5], strides[5], begins[5], ends[5];
  int32_t offset, count, fill;
} tf8_map;

static void tf8_rearrange(const tf8_map *map, const uint8_t *input, uint8_t *output) {
  for (int32_t i = 0; i < map->count; i++) {
    int32_t rest = i, from = map->offset, inside = 1;
    for (int32_t loop = 4; loop >= 0; loop--) {
      const int32_t index = rest % map->sizes[loop];
      rest /= map->sizes[loop];
      from += index * map->strides[loop];
      inside &= index >= map->begins[loop] && index < map->ends[loop];
    }
    output[i] = inside ? input[from] : (uint8_t)map->fill;
  }
}
