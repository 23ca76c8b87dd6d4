/* Packing a convolution's weights as chains. */
#include "chains.h"

#include <stdlib.h>
#include <string.h>

#include "aligned.h"

/*
 * A turn is an instruction, vpmaddubsw or vpmaddwd, for each vector of a tile: a chain takes one for each
 * group, and one to be widened. Bytes that are widened beforehand take one for two of a row.
 */
#define WIDEN_TURNS 1
#define WHOLE_TURNS (CHAIN_GROUPS + WIDEN_TURNS)
#define SHORT_TURNS (SHORT_GROUPS + WIDEN_TURNS)

#define SHORT_ROW 64 /* bytes */

/* What is left to multiply a row's four bytes at `offset` by. */
typedef struct {
  int32_t offset;
  int16_t weights[CHAIN_COLUMNS][4]; /* [-255, 255] */
} Group;

/* Memory that grows; `bytes` may move at each append. */
typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
} Buffer;

/* Room for `length` zeros at the end; NULL when memory is short. */
static void *append(Buffer *buffer, size_t length) {
  if (buffer->length + length > buffer->capacity) {
    const size_t capacity = 2 * (buffer->length + length);
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) return NULL;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
  }
  uint8_t *room = buffer->bytes + buffer->length;
  buffer->length += length;
  return memset(room, 0, length);
}

static Group *group_at(const Buffer *groups, size_t index) {
  return (Group *)(void *)groups->bytes + index;
}

static size_t group_count(const Buffer *groups) { return groups->length / sizeof(Group); }

/* The groups of a panel's columns in a row's order. */
static int append_groups(Buffer *groups, const Op *op, const uint8_t *filter, int32_t zero_point,
                         size_t first_column) {
  const size_t columns = (size_t)op->output_channels, depth = (size_t)op->depth;
  const size_t left = columns - first_column;
  const size_t width = left < CHAIN_COLUMNS ? left : CHAIN_COLUMNS;
  Group *group = NULL;
  for (size_t k = 0; k < depth; k++) {
    if (k % 4 == 0) {
      group = append(groups, sizeof *group);
      if (group == NULL) return 0;
      group->offset = (int32_t)k;
    }
    const uint8_t *from = filter + k * columns + first_column;
    for (size_t m = 0; m < width; m++) group->weights[m][k % 4] = (int16_t)(from[m] - zero_point);
  }
  return 1;
}

/* The groups [first, first + count) of the queue as one chain, and what it leaves of each. */
typedef struct {
  Buffer *groups;
  size_t first;
  size_t count;
  size_t rest[CHAIN_GROUPS]; /* index of the group that has what is left; 0 for none */
} Chain;

/* Moves `amount` of the weight of group i of the chain into another group; 0 when memory is short. */
static int cut(Chain *chain, size_t i, size_t column, size_t byte, int32_t amount) {
  if (chain->rest[i] == 0) {
    Group *rest = append(chain->groups, sizeof *rest);
    if (rest == NULL) return 0;
    rest->offset = group_at(chain->groups, chain->first + i)->offset;
    chain->rest[i] = group_count(chain->groups) - 1;
  }
  group_at(chain->groups, chain->first + i)->weights[column][byte] -= (int16_t)amount;
  group_at(chain->groups, chain->rest[i])->weights[column][byte] += (int16_t)amount;
  return 1;
}

/*
 * Cuts the weights of one sign of an int16 lane down to CHAIN_SUM in all, the largest first; each is
 * then an int8.
 * @param half which two of a group's four bytes the lane adds up
 * @param sign 1 or -1
 */
static int bound_lane(Chain *chain, size_t column, size_t half, int32_t sign) {
  const int32_t most = sign > 0 ? INT8_MAX : -INT8_MIN;
  for (;;) {
    int32_t sum = 0, largest = 0;
    size_t of_group = 0, of_byte = 0;
    for (size_t i = 0; i < chain->count; i++) {
      const int16_t *weights = group_at(chain->groups, chain->first + i)->weights[column];
      for (size_t byte = 2 * half; byte < 2 * half + 2; byte++) {
        const int32_t weight = sign * weights[byte];
        if (weight > 0) sum += weight;
        if (weight <= largest) continue;
        largest = weight;
        of_group = i;
        of_byte = byte;
      }
    }
    int32_t excess = sum - CHAIN_SUM;
    if (largest - most > excess) excess = largest - most;
    if (excess <= 0) return 1;
    if (!cut(chain, of_group, column, of_byte, sign * (excess < largest ? excess : largest))) {
      return 0;
    }
  }
}

/*
 * Most lanes of networks are within the bounds, as sums of all lanes at once tell: up to CHAIN_SUM, and
 * up to INT8_MAX above 0, where a weight of CHAIN_SUM would be no int8.
 */
static int bound_chain(Chain *chain) {
  int16_t above[CHAIN_COLUMNS][4] = {{0}}, below[CHAIN_COLUMNS][4] = {{0}};
  for (size_t i = 0; i < chain->count; i++) {
    const Group *group = group_at(chain->groups, chain->first + i);
    for (size_t column = 0; column < CHAIN_COLUMNS; column++) {
      for (size_t byte = 0; byte < 4; byte++) {
        const int16_t weight = group->weights[column][byte];
        above[column][byte] += weight > 0 ? weight : 0;
        below[column][byte] += weight < 0 ? weight : 0;
      }
    }
  }
  for (size_t column = 0; column < CHAIN_COLUMNS; column++) {
    for (size_t half = 0; half < 2; half++) {
      const int16_t *high = above[column] + 2 * half, *low = below[column] + 2 * half;
      if (high[0] + high[1] > INT8_MAX && !bound_lane(chain, column, half, 1)) return 0;
      if (low[0] + low[1] < -CHAIN_SUM && !bound_lane(chain, column, half, -1)) return 0;
    }
  }
  return 1;
}

/* Where a column of a panel of two vectors is: the inverse of packed_column. */
static size_t slot_of(size_t column) {
  return column / 4 % 2 * 8 + column / 8 * 4 + column % 4;
}

static void write_chain(const Chain *chain, uint8_t *to) {
  for (size_t i = 0; i < chain->count; i++, to += CHAIN_COLUMNS * 4) {
    const Group *group = group_at(chain->groups, chain->first + i);
    for (size_t m = 0; m < CHAIN_COLUMNS; m++) {
      for (size_t byte = 0; byte < 4; byte++) {
        to[slot_of(m) * 4 + byte] = (uint8_t)group->weights[m][byte];
      }
    }
  }
}

typedef struct {
  Buffer groups; /* of the panel that is being packed */
  Buffer trial;  /* some of them, to see what a chain would leave */
  Buffer whole, whole_offsets; /* of the panel's chains of four groups: weights, offsets */
  Buffer short_, short_offsets; /* of those of two */
  Buffer weights;
  Buffer offsets;
  size_t turns; /* that a tile takes */
  size_t most_turns; /* beyond which chains take longer than widened bytes */
} Packing;

/* Groups that chains of `length` of the groups [first, first + count) would leave; SIZE_MAX: no memory. */
static size_t rests_of(Packing *packing, size_t first, size_t count, size_t length) {
  Buffer *trial = &packing->trial;
  trial->length = 0;
  const size_t bytes = count * sizeof(Group);
  if (append(trial, bytes) == NULL) return SIZE_MAX;
  memcpy(trial->bytes, group_at(&packing->groups, first), bytes);
  for (size_t i = 0; i < count; i += length) {
    Chain chain = {trial, i, count - i < length ? count - i : length, {0}};
    if (!bound_chain(&chain)) return SIZE_MAX;
  }
  return group_count(trial) - count;
}

/* How many of the groups from `first` on are to be the next chain; 0 when memory is short. */
static size_t next_length(Packing *packing, size_t first) {
  const size_t left = group_count(&packing->groups) - first;
  const size_t count = left < CHAIN_GROUPS ? left : CHAIN_GROUPS;
  if (count <= SHORT_GROUPS) return count;
  const size_t whole = rests_of(packing, first, count, CHAIN_GROUPS);
  if (whole == 0) return count;
  const size_t halves = rests_of(packing, first, count, SHORT_GROUPS);
  if (whole == SIZE_MAX || halves == SIZE_MAX) return 0;
  /* A quarter of a chain, for each group that is left; two short chains are widened once more. */
  return WHOLE_TURNS * whole > WHOLE_TURNS * halves + CHAIN_GROUPS * WIDEN_TURNS ? SHORT_GROUPS
                                                                                   : count;
}

static int append_chain(Buffer *weights, Buffer *offsets, const Chain *chain, size_t length) {
  uint8_t *to = append(weights, length * CHAIN_COLUMNS * 4);
  /* A chain that is not full ends with weights 0, whatever byte they multiply. */
  int32_t *at = append(offsets, length * sizeof *at);
  if (to == NULL || at == NULL) return 0;
  write_chain(chain, to);
  for (size_t i = 0; i < chain->count; i++) at[i] = group_at(chain->groups, chain->first + i)->offset;
  return 1;
}

static int append_all(Buffer *to, const Buffer *from, size_t first) {
  const size_t length = from->length - first;
  if (length == 0) return 1;
  uint8_t *room = append(to, length);
  if (room == NULL) return 0;
  memcpy(room, from->bytes + first, length);
  return 1;
}

/* The panel's chains behind those of the panels before it. */
static int finish_panel(Packing *packing, const Op *op, ChainPanel *panel) {
  const int32_t *offsets = (const int32_t *)(const void *)packing->whole_offsets.bytes;
  const size_t whole = packing->whole.length / CHAIN_BYTES;
  panel->weights = packing->weights.length;
  panel->offsets = packing->offsets.length / sizeof(int32_t);
  size_t in_order = 0;
  while (in_order < whole && in_order < (size_t)op->chains) {
    int is_next = 1;
    for (size_t i = 0; i < CHAIN_GROUPS; i++) {
      const size_t group = in_order * CHAIN_GROUPS + i;
      is_next &= offsets[group] == (int32_t)(4 * group);
    }
    if (!is_next) break;
    in_order++;
  }
  panel->in_order = (int32_t)in_order;
  panel->scattered = (int32_t)(whole - in_order);
  panel->short_ = (int32_t)(packing->short_.length / (CHAIN_BYTES / CHAIN_GROUPS * SHORT_GROUPS));
  return append_all(&packing->weights, &packing->whole, 0) &&
         append_all(&packing->weights, &packing->short_, 0) &&
         append_all(&packing->offsets, &packing->whole_offsets,
                    in_order * CHAIN_GROUPS * sizeof(int32_t)) &&
         append_all(&packing->offsets, &packing->short_offsets, 0);
}

static ChainsResult pack_panel(Packing *packing, const Op *op, const uint8_t *filter,
                               int32_t zero_point, size_t column, ChainPanel *panel) {
  Buffer *groups = &packing->groups;
  groups->length = packing->whole.length = packing->whole_offsets.length = 0;
  packing->short_.length = packing->short_offsets.length = 0;
  if (!append_groups(groups, op, filter, zero_point, column)) return CHAINS_NO_MEMORY;
  for (size_t first = 0, next; first < group_count(groups); first = next) {
    const size_t count = next_length(packing, first);
    Chain chain = {groups, first, count, {0}};
    next = first + count;
    if (count == 0 || !bound_chain(&chain)) return CHAINS_NO_MEMORY;
    const int is_short = count <= SHORT_GROUPS;
    const int has_memory =
        is_short ? append_chain(&packing->short_, &packing->short_offsets, &chain, SHORT_GROUPS)
                 : append_chain(&packing->whole, &packing->whole_offsets, &chain, CHAIN_GROUPS);
    if (!has_memory) return CHAINS_NO_MEMORY;
    packing->turns += is_short ? SHORT_TURNS : WHOLE_TURNS;
    if (packing->turns > packing->most_turns) return CHAINS_UNSUITED;
  }
  return finish_panel(packing, op, panel) ? CHAINS_PACKED : CHAINS_NO_MEMORY;
}

static ChainsResult pack_panels(Packing *packing, Op *op, const uint8_t *filter,
                                int32_t zero_point, const int32_t *bias,
                                const float *multipliers) {
  const size_t columns = (size_t)op->output_channels;
  const size_t panels = (columns + CHAIN_COLUMNS - 1) / CHAIN_COLUMNS;
  /* Of short rows most time goes into the stores, which wider panels of widened bytes need fewer of. */
  const size_t widened = panels * ((size_t)op->depth + 1) / 2;
  packing->most_turns = op->depth < SHORT_ROW ? widened * 4 / 5 : widened;
  op->panel_columns = CHAIN_COLUMNS;
  op->row_factor = 0;
  op->groups = (int32_t)(((size_t)op->depth + 3) / 4);
  op->chains = op->groups / CHAIN_GROUPS;
  op->chain_panels = calloc(panels + 1, sizeof *op->chain_panels);
  op->bias = (int32_t *)(void *)aligned_zeros(panels * CHAIN_COLUMNS * sizeof *op->bias);
  op->multipliers = (float *)(void *)aligned_zeros(panels * CHAIN_COLUMNS * sizeof *op->multipliers);
  if (op->chain_panels == NULL || op->bias == NULL || op->multipliers == NULL) {
    return CHAINS_NO_MEMORY;
  }
  for (size_t panel = 0; panel < panels; panel++) {
    const ChainsResult result = pack_panel(packing, op, filter, zero_point, panel * CHAIN_COLUMNS,
                                           &op->chain_panels[panel]);
    if (result != CHAINS_PACKED) return result;
  }
  op->chain_panels[panels].weights = packing->weights.length;
  for (size_t m = 0; m < columns; m++) {
    const size_t slot = m / CHAIN_COLUMNS * CHAIN_COLUMNS + slot_of(m % CHAIN_COLUMNS);
    op->bias[slot] = bias[m];
    op->multipliers[slot] = multipliers[m];
  }
  op->weight_bytes = packing->weights.length;
  op->weights = aligned_zeros(op->weight_bytes);
  if (op->weights == NULL) return CHAINS_NO_MEMORY;
  memcpy(op->weights, packing->weights.bytes, op->weight_bytes);
  op->chain_offsets = (int32_t *)(void *)packing->offsets.bytes;
  packing->offsets.bytes = NULL;
  return CHAINS_PACKED;
}

ChainsResult pack_chains(Op *op, const uint8_t *filter, int32_t filter_zero_point,
                         const int32_t *bias, const float *multipliers) {
  Packing packing = {0};
  const ChainsResult result = pack_panels(&packing, op, filter, filter_zero_point, bias, multipliers);
  free(packing.groups.bytes);
  free(packing.trial.bytes);
  free(packing.whole.bytes);
  free(packing.whole_offsets.bytes);
  free(packing.short_.bytes);
  free(packing.short_offsets.bytes);
  free(packing.weights.bytes);
  free(packing.offsets.bytes);
  if (result == CHAINS_UNSUITED) {
    free(op->chain_panels);
    free(op->bias);
    free(op->multipliers);
    op->chain_panels = NULL;
    op->bias = NULL;
    op->multipliers = NULL;
  }
  return result;
}
