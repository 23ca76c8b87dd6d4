/* Layers that are no windows, and a table behind one that is. */
#include "addon.h"
#include "resize.h"
#include "softmax.h"

/* Whether `count` taps of an axis lie within `size` places, with weights in [0, 2048]. */
static int are_taps(const Tap *taps, size_t count, int32_t size) {
  for (size_t i = 0; i < count; i++) {
    const Tap t = taps[i];
    if (t.first < 0 || t.first >= size || t.second < 0 || t.second >= size || t.weight < 0 ||
        t.weight > 2048) {
      return 0;
    }
  }
  return 1;
}

/* createResize(isa, shape: Int32Array(4), rows: Int32Array, columns: Int32Array): three numbers a tap */
napi_value create_resize(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t isa;
  Array shape, rows, columns;
  if (!get_arguments(env, info, 4, arguments) ||
      napi_get_value_int32(env, arguments[0], &isa) != napi_ok || isa < 0 || isa >= ISA_COUNT ||
      !isa_supported((Isa)isa) || !get_array(env, arguments[1], napi_int32_array, &shape) ||
      shape.length != 4 || !get_array(env, arguments[2], napi_int32_array, &rows) ||
      !get_array(env, arguments[3], napi_int32_array, &columns) || rows.length < 3 ||
      rows.length % 3 != 0 || columns.length < 3 || columns.length % 3 != 0) {
    return fail(env, "Expected (isa, a shape of 4, rows, columns) for createResize");
  }
  const int32_t *sides = shape.data;
  for (int i = 0; i < 4; i++) {
    if (sides[i] < 1) return fail(env, "Expected sides of 1 and more for createResize");
  }
  const size_t height = rows.length / 3, width = columns.length / 3;
  if (height > INT32_MAX || width > INT32_MAX / (size_t)sides[3] ||
      !are_taps(rows.data, height, sides[1]) || !are_taps(columns.data, width, sides[2])) {
    return fail(env, "Expected places in the image for createResize");
  }
  const Resize resize = {sides[0],        sides[1],       sides[2],  sides[3],
                         (int32_t)height, (int32_t)width, rows.data, columns.data};
  return make_handle(env, HANDLE_OP, op_create_resize((Isa)isa, &resize));
}

/* createSoftmax(positions, channels, powers: Float32Array(256)) */
napi_value create_softmax(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  int32_t positions, channels;
  Array powers;
  if (!get_arguments(env, info, 3, arguments) ||
      napi_get_value_int32(env, arguments[0], &positions) != napi_ok || positions < 1 ||
      napi_get_value_int32(env, arguments[1], &channels) != napi_ok || channels < 1 ||
      !get_array(env, arguments[2], napi_float32_array, &powers) || powers.length != 256) {
    return fail(env, "Expected (positions, channels, 256 powers) for createSoftmax");
  }
  return make_handle(env, HANDLE_OP, op_create_softmax(positions, channels, powers.data));
}

/* setTable(op, table: Uint8Array(256)): of a convolution, before it runs */
napi_value set_table(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Op *op;
  Array table;
  if (!get_arguments(env, info, 2, arguments) ||
      (op = get_object(env, arguments[0], HANDLE_OP)) == NULL || op->kind > OP_DEPTHWISE ||
      !get_array(env, arguments[1], napi_uint8_array, &table) || table.length != 256) {
    return fail(env, "Expected (a convolution, a table of 256 bytes) for setTable");
  }
  return op_set_table(op, table.data) ? NULL : fail(env, "Out of memory for a table");
}
