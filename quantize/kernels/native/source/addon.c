/*
 * The N-API surface, for native_kernels.ts alone: TypeScript has checked every shape and length. What
 * is checked here again is what would otherwise read or write outside of an array.
 */
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"
#include "program.h"

#define MOST_ARGUMENTS 8

static const char *const ISA_NAMES[ISA_COUNT] = {"scalar", "avx2", "avxvnni", "avx512vnni"};

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* A typed array's memory and length. */
typedef struct {
  void *data;
  size_t length;
} Array;

static int get_array(napi_env env, napi_value value, napi_typedarray_type type, Array *array) {
  napi_typedarray_type actual;
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return 0;
  return napi_get_typedarray_info(env, value, &actual, &array->length, &array->data, NULL, NULL) ==
             napi_ok &&
         actual == type;
}

static int get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t received = MOST_ARGUMENTS;
  return napi_get_cb_info(env, info, &received, values, NULL, NULL) == napi_ok && received == count;
}

/* supportedIsas(): string[], the slowest first. */
static napi_value supported_isas(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  uint32_t count = 0;
  for (int isa = 0; isa < ISA_COUNT; isa++) {
    if (!isa_supported((Isa)isa)) continue;
    napi_value name;
    napi_create_string_utf8(env, ISA_NAMES[isa], NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, list, count++, name);
  }
  return list;
}

static void finalize_op(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  op_release(data);
}

static napi_value wrap_op(napi_env env, Op *op) {
  if (op == NULL) return fail(env, "Out of memory for a layer");
  napi_value external;
  if (napi_create_external(env, op, finalize_op, NULL, &external) != napi_ok) {
    op_release(op);
    return fail(env, "A layer could not be handed to JavaScript");
  }
  return external;
}

/* createOp(kind, isa, integers: Int32Array(18), multiplier, filter: Uint8Array, bias: Int32Array) */
static napi_value create_op(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t kind, isa;
  double multiplier;
  Array integers, filter, bias;
  if (!get_arguments(env, info, 6, arguments) ||
      napi_get_value_int32(env, arguments[0], &kind) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &isa) != napi_ok ||
      !get_array(env, arguments[2], napi_int32_array, &integers) || integers.length != 18 ||
      napi_get_value_double(env, arguments[3], &multiplier) != napi_ok ||
      !get_array(env, arguments[4], napi_uint8_array, &filter) ||
      !get_array(env, arguments[5], napi_int32_array, &bias) || kind < 0 || kind >= OP_CONCAT ||
      isa < 0 || isa >= ISA_COUNT || !isa_supported((Isa)isa)) {
    return fail(env, "Expected (kind, isa, integers, multiplier, filter, bias) for createOp");
  }
  const int32_t *i = integers.data;
  if (kind <= OP_DEPTHWISE) {
    const size_t inputs = kind == OP_CONVOLUTION ? (size_t)i[3] : 1;
    const size_t weights = (size_t)i[4] * (size_t)i[5] * inputs * (size_t)i[12];
    if (filter.length != weights || bias.length != (size_t)i[12]) {
      return fail(env, "Expected filter and bias of the layer's shape for createOp");
    }
  }
  return wrap_op(env, op_create_windowed((OpKind)kind, (Isa)isa, i, (float)multiplier, filter.data,
                                         bias.data));
}

/* createConcat(positions, channels: Int32Array, zeroPoints: Int32Array, multipliers: Float32Array,
   zeroPointOut) */
static napi_value create_concat(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t positions, zero_point_out;
  Array channels, zero_points, multipliers;
  if (!get_arguments(env, info, 5, arguments) ||
      napi_get_value_int32(env, arguments[0], &positions) != napi_ok ||
      !get_array(env, arguments[1], napi_int32_array, &channels) ||
      !get_array(env, arguments[2], napi_int32_array, &zero_points) ||
      !get_array(env, arguments[3], napi_float32_array, &multipliers) ||
      napi_get_value_int32(env, arguments[4], &zero_point_out) != napi_ok ||
      channels.length != zero_points.length || channels.length != multipliers.length) {
    return fail(env, "Expected (positions, channels, zeroPoints, multipliers, zeroPointOut)");
  }
  return wrap_op(env, op_create_concat(positions, (int32_t)channels.length, channels.data,
                                       zero_points.data, multipliers.data, zero_point_out));
}

static size_t input_bytes(const Op *op, size_t index) {
  if (op->kind == OP_CONCAT) return op->rows * (size_t)op->input_channels[index];
  return (size_t)op->batch * (size_t)op->height * (size_t)op->width * (size_t)op->channels;
}

static size_t input_count(const Op *op) {
  return op->kind == OP_CONCAT ? (size_t)op->input_count : 1;
}

static size_t output_bytes(const Op *op) { return op->rows * (size_t)op->output_channels; }

/* runOp(op, inputs: Uint8Array[], output: Uint8Array): one call on the caller's thread. */
static napi_value run_op(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  void *data;
  Array output;
  uint32_t count;
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_value_external(env, arguments[0], &data) != napi_ok ||
      napi_get_array_length(env, arguments[1], &count) != napi_ok ||
      !get_array(env, arguments[2], napi_uint8_array, &output)) {
    return fail(env, "Expected (op, inputs, output) for runOp");
  }
  const Op *op = data;
  if (count != input_count(op) || output.length != output_bytes(op)) {
    return fail(env, "Expected the layer's inputs and output for runOp");
  }
  const uint8_t **inputs = calloc(count, sizeof *inputs);
  Scratch scratch = {0};
  int is_valid = inputs != NULL && scratch_reserve(&scratch, op);
  for (uint32_t i = 0; is_valid && i < count; i++) {
    napi_value element;
    Array input;
    is_valid = napi_get_element(env, arguments[1], i, &element) == napi_ok &&
               get_array(env, element, napi_uint8_array, &input) &&
               input.length == input_bytes(op, i);
    if (is_valid) inputs[i] = input.data;
  }
  if (is_valid) op_run(op, inputs, output.data, 0, 1, &scratch);
  free(inputs);
  scratch_free(&scratch);
  return is_valid ? NULL : fail(env, "Expected inputs of the layer's size for runOp, and memory");
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

static void finalize_program(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  program_free(data);
}

/* Doubles (offset, length) in pairs to Slots that lie in the arena; NULL where one does not. */
static Slot *read_slots(const Array *pairs, size_t arena_bytes) {
  const double *numbers = pairs->data;
  const size_t count = pairs->length / 2;
  Slot *slots = calloc(count > 0 ? count : 1, sizeof *slots);
  for (size_t i = 0; slots != NULL && i < count; i++) {
    const double offset = numbers[2 * i], length = numbers[2 * i + 1];
    if (!(offset >= 0 && length >= 0 && offset + length <= (double)arena_bytes)) {
      free(slots);
      return NULL;
    }
    slots[i] = (Slot){(size_t)offset, (size_t)length};
  }
  return slots;
}

/* createProgram(ops: external[], slots: Float64Array, arenaBytes, input: Float64Array(2),
   outputs: Float64Array, threads) */
static napi_value create_program(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  uint32_t op_count;
  Array slot_pairs, input_pair, output_pairs;
  int64_t arena_bytes;
  int32_t threads;
  if (!get_arguments(env, info, 6, arguments) ||
      napi_get_array_length(env, arguments[0], &op_count) != napi_ok ||
      !get_array(env, arguments[1], napi_float64_array, &slot_pairs) ||
      napi_get_value_int64(env, arguments[2], &arena_bytes) != napi_ok || arena_bytes < 0 ||
      !get_array(env, arguments[3], napi_float64_array, &input_pair) || input_pair.length != 2 ||
      !get_array(env, arguments[4], napi_float64_array, &output_pairs) ||
      napi_get_value_int32(env, arguments[5], &threads) != napi_ok || threads < 1 ||
      threads > 1024) {
    return fail(env, "Expected (ops, slots, arenaBytes, input, outputs, threads)");
  }
  Op **ops = calloc(op_count > 0 ? op_count : 1, sizeof *ops);
  Slot *slots = read_slots(&slot_pairs, (size_t)arena_bytes);
  Slot *input = read_slots(&input_pair, (size_t)arena_bytes);
  Slot *outputs = read_slots(&output_pairs, (size_t)arena_bytes);
  int is_valid = ops != NULL && slots != NULL && input != NULL && outputs != NULL;
  size_t slot = 0;
  for (uint32_t i = 0; is_valid && i < op_count; i++) {
    napi_value element;
    void *data;
    is_valid = napi_get_element(env, arguments[0], i, &element) == napi_ok &&
               napi_get_value_external(env, element, &data) == napi_ok;
    if (!is_valid) break;
    ops[i] = data;
    const size_t inputs = input_count(ops[i]);
    is_valid = slot + inputs + 1 <= slot_pairs.length / 2;
    for (size_t j = 0; is_valid && j < inputs; j++) {
      is_valid = slots[slot + j].length == input_bytes(ops[i], j);
    }
    is_valid = is_valid && slots[slot + inputs].length == output_bytes(ops[i]);
    slot += inputs + 1;
  }
  is_valid = is_valid && slot == slot_pairs.length / 2;
  Program *program = NULL;
  if (is_valid) {
    program = program_create(ops, op_count, slots, (size_t)arena_bytes, *input, outputs,
                             output_pairs.length / 2, threads);
  }
  free(ops);
  free(slots);
  free(input);
  free(outputs);
  if (!is_valid) return fail(env, "Expected slots of the layers' sizes within the arena");
  if (program == NULL) return fail(env, "Out of memory or threads for a program");
  napi_value external;
  if (napi_create_external(env, program, finalize_program, NULL, &external) != napi_ok) {
    program_free(program);
    return fail(env, "A program could not be handed to JavaScript");
  }
  return external;
}

/* runProgram(program, images: Uint8Array, batch, outputs: Uint8Array[]) */
static napi_value run_program(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  void *data;
  Array images;
  uint32_t batch, count;
  uint8_t *few[32], **outputs = few;
  if (!get_arguments(env, info, 4, arguments) ||
      napi_get_value_external(env, arguments[0], &data) != napi_ok ||
      !get_array(env, arguments[1], napi_uint8_array, &images) ||
      napi_get_value_uint32(env, arguments[2], &batch) != napi_ok ||
      napi_get_array_length(env, arguments[3], &count) != napi_ok) {
    return fail(env, "Expected (program, images, batch, outputs) for runProgram");
  }
  Program *program = data;
  if (images.length != batch * program_input_bytes(program) ||
      count != program_output_count(program)) {
    return fail(env, "Expected whole images and every output for runProgram");
  }
  if (count > 32) outputs = calloc(count, sizeof *outputs);
  int is_valid = outputs != NULL;
  for (uint32_t i = 0; is_valid && i < count; i++) {
    napi_value element;
    Array output;
    is_valid = napi_get_element(env, arguments[3], i, &element) == napi_ok &&
               get_array(env, element, napi_uint8_array, &output) &&
               output.length == batch * program_output_bytes(program, i);
    if (is_valid) outputs[i] = output.data;
  }
  if (is_valid) program_run(program, images.data, batch, outputs);
  if (outputs != few) free(outputs);
  return is_valid ? NULL : fail(env, "Expected outputs of the program's size for runProgram");
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } FUNCTIONS[] = {
      {"supportedIsas", supported_isas}, {"createOp", create_op},
      {"createConcat", create_concat},   {"runOp", run_op},
      {"createProgram", create_program}, {"runProgram", run_program},
      {"quantize", quantize},
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
