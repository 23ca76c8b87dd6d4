#include <stdlib.h>
#include <string.h>

#include "addon.h"

/* The types that cross the border, with their arrays in JavaScript. */
static const struct {
  TF_DataType type;
  napi_typedarray_type array;
  size_t bytes;
} TYPES[] = {
    {TF_FLOAT, napi_float32_array, 4},
    {TF_INT32, napi_int32_array, 4},
    {TF_BOOL, napi_uint8_array, 1},
};
enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES };

/* "name:1" of the graph. */
static TF_Output output_of(TF_Graph *graph, char *name) {
  char *colon = strrchr(name, ':');
  int index = colon == NULL ? 0 : atoi(colon + 1);
  if (colon != NULL) *colon = '\0';
  return (TF_Output){TF_GraphOperationByName(graph, name), index};
}

static int get_outputs(napi_env env, TF_Graph *graph, napi_value names, uint32_t count,
                       TF_Output *outputs) {
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    if (napi_get_element(env, names, i, &element) != napi_ok) return 0;
    char *name = get_text(env, element);
    if (name == NULL) return 0;
    outputs[i] = output_of(graph, name);
    free(name);
    if (outputs[i].oper == NULL) return 0;
  }
  return 1;
}

/* A copy of a typed array as a tensor of a shape (Int32Array); NULL where their sizes differ. */
static TF_Tensor *get_tensor(napi_env env, napi_value values, napi_value shape) {
  napi_typedarray_type array, shape_array;
  size_t length, rank;
  void *data, *sizes;
  bool is_array = false, is_shape = false;
  if (napi_is_typedarray(env, values, &is_array) != napi_ok || !is_array ||
      napi_is_typedarray(env, shape, &is_shape) != napi_ok || !is_shape ||
      napi_get_typedarray_info(env, values, &array, &length, &data, NULL, NULL) != napi_ok ||
      napi_get_typedarray_info(env, shape, &shape_array, &rank, &sizes, NULL, NULL) != napi_ok ||
      shape_array != napi_int32_array) {
    return NULL;
  }
  size_t elements = 1;
  int64_t dims[8];
  if (rank > sizeof dims / sizeof *dims) return NULL;
  for (size_t i = 0; i < rank; i++) {
    dims[i] = ((const int32_t *)sizes)[i];
    if (dims[i] < 0) return NULL;
    elements *= (size_t)dims[i];
  }
  if (elements != length) return NULL;
  for (int t = 0; t < TYPE_COUNT; t++) {
    if (TYPES[t].array != array) continue;
    TF_Tensor *tensor =
        TF_AllocateTensor(TYPES[t].type, dims, (int)rank, length * TYPES[t].bytes);
    if (tensor != NULL && length > 0) {
      memcpy(TF_TensorData(tensor), data, length * TYPES[t].bytes);
    }
    return tensor;
  }
  return NULL;
}

Run *new_run(napi_env env, Session *session, const napi_value *arguments) {
  uint32_t inputs, values, shapes, outputs;
  if (napi_get_array_length(env, arguments[0], &inputs) != napi_ok ||
      napi_get_array_length(env, arguments[1], &values) != napi_ok ||
      napi_get_array_length(env, arguments[2], &shapes) != napi_ok ||
      napi_get_array_length(env, arguments[3], &outputs) != napi_ok || values != inputs ||
      shapes != inputs) {
    return NULL;
  }
  Run *run = calloc(1, sizeof *run);
  if (run == NULL) return NULL;
  run->session = session;
  run->input_count = inputs;
  run->output_count = outputs;
  run->status = TF_NewStatus();
  run->inputs = calloc(inputs + 1, sizeof *run->inputs);
  run->outputs = calloc(outputs + 1, sizeof *run->outputs);
  run->input_values = calloc(inputs + 1, sizeof *run->input_values);
  run->output_values = calloc(outputs + 1, sizeof *run->output_values);
  int complete = run->inputs != NULL && run->outputs != NULL && run->input_values != NULL &&
                 run->output_values != NULL &&
                 get_outputs(env, session->graph, arguments[0], inputs, run->inputs) &&
                 get_outputs(env, session->graph, arguments[3], outputs, run->outputs);
  for (uint32_t i = 0; complete && i < inputs; i++) {
    napi_value value, shape;
    complete = napi_get_element(env, arguments[1], i, &value) == napi_ok &&
               napi_get_element(env, arguments[2], i, &shape) == napi_ok &&
               (run->input_values[i] = get_tensor(env, value, shape)) != NULL;
  }
  if (complete) return run;
  free_run(run);
  return NULL;
}

void perform_run(Run *run) {
  TF_SessionRun(run->session->session, NULL, run->inputs, run->input_values, (int)run->input_count,
                run->outputs, run->output_values, (int)run->output_count, NULL, 0, NULL,
                run->status);
}

/* [values, shape: number[]] */
static napi_value result_of(napi_env env, const TF_Tensor *tensor) {
  const size_t bytes = TF_TensorByteSize(tensor);
  for (int t = 0; t < TYPE_COUNT; t++) {
    if (TYPES[t].type != TF_TensorType(tensor)) continue;
    napi_value buffer, values, shape, pair;
    void *data;
    if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return NULL;
    if (bytes > 0) memcpy(data, TF_TensorData(tensor), bytes);
    if (napi_create_typedarray(env, TYPES[t].array, bytes / TYPES[t].bytes, buffer, 0, &values) !=
            napi_ok ||
        napi_create_array(env, &shape) != napi_ok || napi_create_array(env, &pair) != napi_ok) {
      return NULL;
    }
    for (int i = 0; i < TF_NumDims(tensor); i++) {
      napi_value size;
      if (napi_create_int64(env, TF_Dim(tensor, i), &size) != napi_ok ||
          napi_set_element(env, shape, (uint32_t)i, size) != napi_ok) {
        return NULL;
      }
    }
    if (napi_set_element(env, pair, 0, values) != napi_ok ||
        napi_set_element(env, pair, 1, shape) != napi_ok) {
      return NULL;
    }
    return pair;
  }
  return fail(env, "expected outputs of float32, int32 or bool");
}

napi_value run_result(napi_env env, Run *run) {
  if (TF_GetCode(run->status) != TF_OK) {
    napi_throw_error(env, NULL, TF_Message(run->status));
    return NULL;
  }
  napi_value results;
  if (napi_create_array(env, &results) != napi_ok) return NULL;
  for (size_t i = 0; i < run->output_count; i++) {
    napi_value result = result_of(env, run->output_values[i]);
    if (result == NULL || napi_set_element(env, results, (uint32_t)i, result) != napi_ok) return NULL;
  }
  return results;
}

void free_run(Run *run) {
  for (size_t i = 0; run->input_values != NULL && i < run->input_count; i++) {
    if (run->input_values[i] != NULL) TF_DeleteTensor(run->input_values[i]);
  }
  for (size_t i = 0; run->output_values != NULL && i < run->output_count; i++) {
    if (run->output_values[i] != NULL) TF_DeleteTensor(run->output_values[i]);
  }
  free(run->inputs);
  free(run->outputs);
  free(run->input_values);
  free(run->output_values);
  TF_DeleteStatus(run->status);
  free(run);
}
