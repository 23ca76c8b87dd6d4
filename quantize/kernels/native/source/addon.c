/*
 * The N-API surface, for native_kernels.ts alone: TypeScript has checked every shape and length. What
 * is checked here again is what would otherwise read or write outside of an array.
 */
#include <stdlib.h>

#include "addon.h"
#include "aligned.h"
#include "elementwise.h"
#include "peak.h"
#include "prelu.h"
#include "rearrange.h"
#include "slices.h"

static const char *const ISA_NAMES[ISA_COUNT] = {"scalar", "avx2", "avxvnni", "avx512vnni",
                                                 "neondot"};

/* supportedIsas(): string[], the slowest first. */
static napi_value supported_isas(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  uint32_t count = 0;
  for (int isa = 0; isa < ISA_COUNT; isa++) {
    if (!isa_supported((Isa)isa)) continue;
    napi_value name;
    if (napi_create_string_utf8(env, ISA_NAMES[isa], NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_set_element(env, list, count++, name) != napi_ok) {
      return NULL;
    }
  }
  return list;
}

/* A field of a call: what its name must hold. */
typedef struct {
  const char *name;
  int32_t *field;
  int32_t least, most;
} Field;

/* Fills the fields from a JavaScript object's numbers of their names. */
static int get_fields(napi_env env, napi_value object, const Field *fields, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!get_int32(env, object, fields[i].name, fields[i].field) ||
        *fields[i].field < fields[i].least || *fields[i].field > fields[i].most) {
      return 0;
    }
  }
  return 1;
}

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

/* createOp(kind, isa, fields by name, filter: Uint8Array, bias: Int32Array, multipliers: Float32Array,
   rounding, factors: Int32Array of mantissa and exponent for each channel, or empty) */
static napi_value create_op(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t kind, isa, rounding;
  Array filter, bias, multipliers, factors;
  Windowed w = {0};
  const Field FIELDS[] = {
      {"batch", &w.batch, 1, INT32_MAX},
      {"height", &w.height, 1, INT32_MAX},
      {"width", &w.width, 1, INT32_MAX},
      {"channels", &w.channels, 1, INT32_MAX},
      {"windowHeight", &w.window_height, 1, INT32_MAX},
      {"windowWidth", &w.window_width, 1, INT32_MAX},
      {"strideY", &w.stride_y, 1, INT32_MAX},
      {"strideX", &w.stride_x, 1, INT32_MAX},
      {"paddingTop", &w.padding_top, -INT32_MAX / 2, INT32_MAX},
      {"paddingLeft", &w.padding_left, -INT32_MAX / 2, INT32_MAX},
      {"dilationY", &w.dilation_y, 1, INT32_MAX},
      {"dilationX", &w.dilation_x, 1, INT32_MAX},
      {"outputHeight", &w.output_height, 1, INT32_MAX},
      {"outputWidth", &w.output_width, 1, INT32_MAX},
      {"outputChannels", &w.output_channels, 1, INT32_MAX},
      {"inputZeroPoint", &w.input_zero_point, 0, 255},
      {"filterZeroPoint", &w.filter_zero_point, 0, 255},
      {"outputZeroPoint", &w.requantization.zero_point, 0, 255},
      {"low", &w.requantization.low, 0, 255},
      {"high", &w.requantization.high, 0, 255},
  };
  if (!get_arguments(env, info, 8, arguments) ||
      napi_get_value_int32(env, arguments[0], &kind) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &isa) != napi_ok ||
      !get_array(env, arguments[3], napi_uint8_array, &filter) ||
      !get_array(env, arguments[4], napi_int32_array, &bias) ||
      !get_array(env, arguments[5], napi_float32_array, &multipliers) ||
      napi_get_value_int32(env, arguments[6], &rounding) != napi_ok || rounding < 0 ||
      rounding >= ROUNDING_COUNT || !get_array(env, arguments[7], napi_int32_array, &factors) ||
      kind < 0 || kind >= OP_CONCAT ||
      isa < 0 || isa >= ISA_COUNT || !isa_supported((Isa)isa)) {
    return fail(env, "Expected (kind, isa, fields, filter, bias, multipliers, rounding, factors) for createOp");
  }
  if (!get_fields(env, arguments[2], FIELDS, COUNT(FIELDS))) {
    return fail(env, "Expected the fields of a window for createOp");
  }
  /* A channel that the input lacks would be read, or one that the output lacks written. */
  if (kind == OP_DEPTHWISE ? w.output_channels % w.channels != 0
                           : kind != OP_CONVOLUTION && w.output_channels != w.channels) {
    return fail(env, "Expected the input's channels, or a multiple, for the output of createOp");
  }
  if (kind <= OP_DEPTHWISE) {
    const size_t inputs = kind == OP_CONVOLUTION ? (size_t)w.channels : 1;
    const size_t depth = (size_t)w.window_height * (size_t)w.window_width * inputs;
    if (depth > INT32_MAX || filter.length != depth * (size_t)w.output_channels ||
        bias.length != (size_t)w.output_channels ||
        multipliers.length != (size_t)w.output_channels ||
        (rounding != ROUNDING_SINGLE && factors.length != 2 * (size_t)w.output_channels)) {
      return fail(env, "Expected filter, bias and multipliers of the layer's shape for createOp");
    }
  }
  const Weights weights = {filter.data, bias.data, multipliers.data, (Rounding)rounding, factors.data};
  return make_handle(env, HANDLE_OP, op_create_windowed((OpKind)kind, (Isa)isa, &w, &weights));
}

/* createConcat(positions, channels: Int32Array, tables: Uint8Array of 256 for each input) */
static napi_value create_concat(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t positions;
  Array channels, tables;
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_value_int32(env, arguments[0], &positions) != napi_ok ||
      !get_array(env, arguments[1], napi_int32_array, &channels) ||
      !get_array(env, arguments[2], napi_uint8_array, &tables) || positions < 1 ||
      channels.length < 1 || tables.length != 256 * channels.length) {
    return fail(env, "Expected (positions, channels, a table of 256 bytes for each input)");
  }
  int64_t total = 0;
  int are_positive = 1;
  for (size_t i = 0; i < channels.length; i++) {
    const int32_t count = ((const int32_t *)channels.data)[i];
    are_positive &= count > 0;
    total += count;
  }
  if (!are_positive || total > INT32_MAX) {
    return fail(env, "Expected from 1 to 2^31 - 1 channels for createConcat");
  }
  return make_handle(env, HANDLE_OP,
                     op_create_concat(positions, (int32_t)channels.length, channels.data, tables.data));
}

/* createElementwise(kind, isa, multiplier, fields by name) */
static napi_value create_elementwise(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t kind, isa, rounding;
  double multiplier;
  Elementwise e;
  const Field FIELDS[] = {
      {"rows", &e.rows, 1, INT32_MAX},
      {"columns", &e.columns, 1, INT32_MAX},
      {"share", &e.share, 1, INT32_MAX},
      {"aZeroPoint", &e.a_zero_point, 0, 255},
      {"bZeroPoint", &e.b_zero_point, 0, 255},
      {"aMultiplier", &e.a_multiplier, INT32_MIN, INT32_MAX},
      {"bMultiplier", &e.b_multiplier, INT32_MIN, INT32_MAX},
      {"shift", &e.shift, 1, 31},
      {"outputZeroPoint", &e.requantization.zero_point, 0, 255},
      {"low", &e.requantization.low, 0, 255},
      {"high", &e.requantization.high, 0, 255},
      {"rounding", &rounding, 0, ROUNDING_COUNT - 1},
      {"mantissa", &e.factor.mantissa, 0, INT32_MAX},
      {"exponent", &e.factor.exponent, -31, 30},
  };
  if (!get_arguments(env, info, 4, arguments) ||
      napi_get_value_int32(env, arguments[0], &kind) != napi_ok ||
      (kind != OP_ADD && kind != OP_MULTIPLY && kind != OP_MAXIMUM && kind != OP_MINIMUM) ||
      napi_get_value_int32(env, arguments[1], &isa) != napi_ok || isa < 0 || isa >= ISA_COUNT ||
      !isa_supported((Isa)isa) || napi_get_value_double(env, arguments[2], &multiplier) != napi_ok) {
    return fail(env, "Expected (kind, isa, multiplier, fields) for createElementwise");
  }
  if (!get_fields(env, arguments[3], FIELDS, COUNT(FIELDS))) {
    return fail(env, "Expected the fields of a call of two tensors for createElementwise");
  }
  if (e.rows % e.share != 0) return fail(env, "Expected rows that are shared evenly");
  e.requantization.multiplier = (float)multiplier;
  e.rounding = (Rounding)rounding;
  return make_handle(env, HANDLE_OP,
                     op_create_elementwise((OpKind)kind, (Isa)isa, &e));
}

/* createLookup(positions, channels, table: Uint8Array(256)) */
static napi_value create_lookup(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t positions, channels;
  Array table;
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_value_int32(env, arguments[0], &positions) != napi_ok || positions < 1 ||
      napi_get_value_int32(env, arguments[1], &channels) != napi_ok || channels < 1 ||
      !get_array(env, arguments[2], napi_uint8_array, &table) || table.length != 256) {
    return fail(env, "Expected (positions, channels, a table of 256 bytes) for createLookup");
  }
  return make_handle(env, HANDLE_OP, op_create_lookup(positions, channels, table.data));
}

/* createRearrangement(batch, imageBytes, map: Int32Array(21), fill): sizes, strides, begins, ends, offset */
static napi_value create_rearrangement(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Array map;
  Rearrangement r;
  if (!get_arguments(env, info, 4, arguments) ||
      napi_get_value_int32(env, arguments[0], &r.batch) != napi_ok || r.batch < 1 ||
      napi_get_value_int32(env, arguments[1], &r.image_bytes) != napi_ok || r.image_bytes < 1 ||
      !get_array(env, arguments[2], napi_int32_array, &map) || map.length != 4 * LOOPS + 1 ||
      napi_get_value_int32(env, arguments[3], &r.fill) != napi_ok || r.fill < 0 || r.fill > 255) {
    return fail(env, "Expected (batch, imageBytes, a map of 21, fill) for createRearrangement");
  }
  const int32_t *numbers = map.data;
  for (int k = 0; k < LOOPS; k++) {
    r.sizes[k] = numbers[k];
    r.strides[k] = numbers[LOOPS + k];
    r.begins[k] = numbers[2 * LOOPS + k];
    r.ends[k] = numbers[3 * LOOPS + k];
  }
  r.offset = numbers[4 * LOOPS];
  if (!is_rearrangement(&r)) return fail(env, "Expected places in the image for createRearrangement");
  return make_handle(env, HANDLE_OP, op_create_rearrangement(&r));
}

/* createPrelu(rows, alpha: Uint8Array, table: Uint8Array(65536)) */
static napi_value create_prelu(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t rows;
  Array alpha, table;
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_value_int32(env, arguments[0], &rows) != napi_ok || rows < 1 ||
      !get_array(env, arguments[1], napi_uint8_array, &alpha) || alpha.length < 1 ||
      alpha.length > INT32_MAX || !get_array(env, arguments[2], napi_uint8_array, &table) ||
      table.length != 256 * 256) {
    return fail(env, "Expected (rows, alpha, a table of 65536 bytes) for createPrelu");
  }
  return make_handle(env, HANDLE_OP,
                     op_create_prelu(rows, (int32_t)alpha.length, alpha.data, table.data));
}

/* Fills the four fields of each slice's place. */
static void get_places(const int32_t *numbers, size_t count, SlicePlace *places) {
  for (size_t i = 0; i < count; i++, numbers += 4) {
    places[i] = (SlicePlace){numbers[0], numbers[1], numbers[2], numbers[3]};
  }
}

/*
 * createSliced(ops, places: Int32Array(4 * ops), fields by name). The ops are made for this: closing them
 * is left to the caller, and running them alone to nobody.
 */
static napi_value create_sliced(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  uint32_t count;
  Array numbers;
  WholeTensors whole;
  const Field FIELDS[] = {
      {"batch", &whole.batch, 1, INT32_MAX},
      {"height", &whole.height, 1, INT32_MAX},
      {"width", &whole.width, 1, INT32_MAX},
      {"channels", &whole.channels, 1, INT32_MAX},
      {"outputHeight", &whole.output_height, 1, INT32_MAX},
      {"outputWidth", &whole.output_width, 1, INT32_MAX},
      {"outputChannels", &whole.output_channels, 1, INT32_MAX},
  };
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_array_length(env, arguments[0], &count) != napi_ok || count < 1 ||
      !get_array(env, arguments[1], napi_int32_array, &numbers) ||
      numbers.length != 4 * (size_t)count || !get_fields(env, arguments[2], FIELDS, COUNT(FIELDS))) {
    return fail(env, "Expected (ops, places, fields) for createSliced");
  }
  Op **ops = calloc(count, sizeof *ops);
  SlicePlace *places = calloc(count, sizeof *places);
  const int has_memory = ops != NULL && places != NULL;
  int is_valid = has_memory;
  if (has_memory) get_places(numbers.data, count, places);
  for (uint32_t i = 0; is_valid && i < count; i++) {
    napi_value element;
    is_valid = napi_get_element(env, arguments[0], i, &element) == napi_ok &&
               (ops[i] = get_object(env, element, HANDLE_OP)) != NULL &&
               is_slice(ops[i], &places[i], &whole);
  }
  Op *op = is_valid ? op_create_sliced(count, ops, places, &whole) : NULL;
  free(ops);
  free(places);
  if (has_memory && !is_valid) return fail(env, "Expected slices of the tensors for createSliced");
  return make_handle(env, HANDLE_OP, op);
}

/* runOp(op, inputs: Uint8Array[], output: Uint8Array): one call on the caller's thread. */
static napi_value run_op(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  const Op *op;
  Array output;
  uint32_t count;
  if (!get_arguments(env, info, 3, arguments) ||
      (op = get_object(env, arguments[0], HANDLE_OP)) == NULL ||
      napi_get_array_length(env, arguments[1], &count) != napi_ok ||
      !get_array(env, arguments[2], napi_uint8_array, &output)) {
    return fail(env, "Expected (op, inputs, output) for runOp");
  }
  if (count != op_input_count(op) || output.length != op_output_bytes(op)) {
    return fail(env, "Expected the layer's inputs and output for runOp");
  }
  const uint8_t **inputs = calloc(count, sizeof *inputs);
  uint8_t *scratch = aligned_zeros(op_scratch_bytes(op));
  const int has_memory = inputs != NULL && scratch != NULL;
  int is_valid = has_memory;
  for (uint32_t i = 0; is_valid && i < count; i++) {
    napi_value element;
    Array input;
    is_valid = napi_get_element(env, arguments[1], i, &element) == napi_ok &&
               get_array(env, element, napi_uint8_array, &input) &&
               input.length == op_input_bytes(op, i);
    if (is_valid) inputs[i] = input.data;
  }
  if (is_valid) op_run(op, inputs, output.data, 0, 1, scratch);
  free(inputs);
  free(scratch);
  if (!has_memory) return fail(env, "Out of memory for a call");
  return is_valid ? NULL : fail(env, "Expected inputs of the layer's size for runOp");
}

/* quantize(real: Float32Array, scale, zeroPoint, output: Uint8Array): boolean; false at a NaN. */
static napi_value quantize(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Array real, output;
  double scale;
  int32_t zero_point;
  if (!get_arguments(env, info, 4, arguments) ||
      !get_array(env, arguments[0], napi_float32_array, &real) ||
      napi_get_value_double(env, arguments[1], &scale) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &zero_point) != napi_ok ||
      !get_array(env, arguments[3], napi_uint8_array, &output) || output.length != real.length) {
    return fail(env, "Expected (real, scale, zeroPoint, output) for quantize");
  }
  napi_value result;
  const int done = quantize_array(real.data, real.length, scale, zero_point, output.data);
  return napi_get_boolean(env, done != 0, &result) == napi_ok ? result : NULL;
}

/* measurePeak(isa): multiply-accumulates a second */
static napi_value peak(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t isa;
  size_t count = 1;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      napi_get_value_int32(env, argument, &isa) != napi_ok || isa < 0 || isa >= ISA_COUNT ||
      !isa_supported((Isa)isa)) {
    return fail(env, "Expected a supported instruction set for measurePeak");
  }
  return napi_create_double(env, measure_peak((Isa)isa), &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } FUNCTIONS[] = {
      {"supportedIsas", supported_isas}, {"createOp", create_op},
      {"createConcat", create_concat},   {"createElementwise", create_elementwise},
      {"createLookup", create_lookup},   {"createRearrangement", create_rearrangement},
      {"createResize", create_resize},   {"createSoftmax", create_softmax},
      {"setTable", set_table},
      {"createSliced", create_sliced},   {"createPrelu", create_prelu},
      {"runOp", run_op},
      {"createProgram", create_program}, {"runProgram", run_program},
      {"quantize", quantize},            {"profileProgram", profile_program},
      {"measurePeak", peak},             {"close", close_object},
  };
  for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
    napi_value function;
    if (napi_create_function(env, FUNCTIONS[i].name, NAPI_AUTO_LENGTH, FUNCTIONS[i].call, NULL,
                             &function) != napi_ok ||
        napi_set_named_property(env, exports, FUNCTIONS[i].name, function) != napi_ok) {
      return fail(env, "The native kernels could not be exported");
    }
  }
  return exports;
}
