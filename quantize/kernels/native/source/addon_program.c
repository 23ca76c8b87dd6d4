/* Programs for JavaScript. */
#include <stdlib.h>

#include "addon.h"

/*
 * Doubles (offset, length) in pairs to Slots, for free(); NULL when memory is short. Clears `are_inside`
 * where one does not lie in the arena.
 */
static Slot *read_slots(const Array *pairs, size_t arena_bytes, int *are_inside) {
  const double *numbers = pairs->data;
  const size_t count = pairs->length / 2;
  Slot *slots = calloc(count > 0 ? count : 1, sizeof *slots);
  for (size_t i = 0; slots != NULL && i < count; i++) {
    const double offset = numbers[2 * i], length = numbers[2 * i + 1];
    if (offset >= 0 && length >= 0 && offset + length <= (double)arena_bytes) {
      slots[i] = (Slot){(size_t)offset, (size_t)length};
    } else {
      *are_inside = 0;
    }
  }
  return slots;
}

/* createProgram(ops: external[], slots: Float64Array, arenaBytes, input: Float64Array(2),
   outputs: Float64Array, threads) */
napi_value create_program(napi_env env, napi_callback_info info) {
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
  int are_inside = 1;
  Slot *slots = read_slots(&slot_pairs, (size_t)arena_bytes, &are_inside);
  Slot *input = read_slots(&input_pair, (size_t)arena_bytes, &are_inside);
  Slot *outputs = read_slots(&output_pairs, (size_t)arena_bytes, &are_inside);
  const int has_memory = ops != NULL && slots != NULL && input != NULL && outputs != NULL;
  int is_valid = has_memory && are_inside;
  size_t slot = 0;
  for (uint32_t i = 0; is_valid && i < op_count; i++) {
    napi_value element;
    is_valid = napi_get_element(env, arguments[0], i, &element) == napi_ok &&
               (ops[i] = get_object(env, element, HANDLE_OP)) != NULL;
    if (!is_valid) break;
    const size_t inputs = op_input_count(ops[i]);
    is_valid = slot + inputs + 1 <= slot_pairs.length / 2;
    for (size_t j = 0; is_valid && j < inputs; j++) {
      is_valid = slots[slot + j].length == op_input_bytes(ops[i], j);
    }
    is_valid = is_valid && slots[slot + inputs].length == op_output_bytes(ops[i]);
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
  if (!has_memory) return fail(env, "Out of memory for a program");
  if (!is_valid) return fail(env, "Expected slots of the layers' sizes within the arena");
  return make_handle(env, HANDLE_PROGRAM, program);
}

/* runProgram(program, images: Uint8Array, batch, outputs: Uint8Array[]) */
napi_value run_program(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Program *program;
  Array images;
  uint32_t batch, count;
  uint8_t *few[32], **outputs = few;
  if (!get_arguments(env, info, 4, arguments) ||
      (program = get_object(env, arguments[0], HANDLE_PROGRAM)) == NULL ||
      !get_array(env, arguments[1], napi_uint8_array, &images) ||
      napi_get_value_uint32(env, arguments[2], &batch) != napi_ok ||
      napi_get_array_length(env, arguments[3], &count) != napi_ok) {
    return fail(env, "Expected (program, images, batch, outputs) for runProgram");
  }
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
  const int has_memory = outputs != NULL;
  if (outputs != few) free(outputs);
  if (!has_memory) return fail(env, "Out of memory for a run");
  return is_valid ? NULL : fail(env, "Expected outputs of the program's size for runProgram");
}

/* profileProgram(program, image: Uint8Array, milliseconds: Float64Array) */
napi_value profile_program(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Program *program;
  Array image, milliseconds;
  if (!get_arguments(env, info, 3, arguments) ||
      (program = get_object(env, arguments[0], HANDLE_PROGRAM)) == NULL ||
      !get_array(env, arguments[1], napi_uint8_array, &image) ||
      !get_array(env, arguments[2], napi_float64_array, &milliseconds) ||
      image.length != program_input_bytes(program) ||
      milliseconds.length != program_op_count(program)) {
    return fail(env, "Expected (program, one whole image, milliseconds of each layer)");
  }
  program_profile(program, image.data, milliseconds.data);
  return NULL;
}
