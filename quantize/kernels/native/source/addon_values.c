#include <stdlib.h>

#include "addon.h"

napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

int get_array(napi_env env, napi_value value, napi_typedarray_type type, Array *array) {
  napi_typedarray_type actual;
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return 0;
  return napi_get_typedarray_info(env, value, &actual, &array->length, &array->data, NULL, NULL) ==
             napi_ok &&
         actual == type;
}

int get_int32(napi_env env, napi_value object, const char *name, int32_t *number) {
  napi_value value;
  double real;
  if (napi_get_named_property(env, object, name, &value) != napi_ok ||
      napi_get_value_double(env, value, &real) != napi_ok || !(real >= INT32_MIN) ||
      !(real <= INT32_MAX) || real != (double)(int32_t)real) {
    return 0;
  }
  *number = (int32_t)real;
  return 1;
}

int get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t received = MOST_ARGUMENTS;
  return napi_get_cb_info(env, info, &received, values, NULL, NULL) == napi_ok && received == count;
}

/* What an opaque JavaScript object holds; `object` is NULL once it was closed. */
typedef struct {
  HandleKind kind;
  void *object;
} Handle;

static void close_handle(Handle *handle) {
  if (handle->kind == HANDLE_OP) {
    op_release(handle->object);
  } else {
    program_free(handle->object);
  }
  handle->object = NULL;
}

static void finalize_handle(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_handle(data);
  free(data);
}

napi_value make_handle(napi_env env, HandleKind kind, void *object) {
  Handle *handle = object != NULL ? malloc(sizeof *handle) : NULL;
  Handle taken = {kind, object};
  napi_value external;
  if (handle != NULL) {
    *handle = taken;
    if (napi_create_external(env, handle, finalize_handle, NULL, &external) == napi_ok) {
      return external;
    }
  }
  if (object != NULL) close_handle(&taken);
  free(handle);
  return fail(env, kind == HANDLE_OP ? "Out of memory for a layer"
                                     : "Out of memory or threads for a program");
}

void *get_object(napi_env env, napi_value value, HandleKind kind) {
  napi_valuetype type;
  void *data;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    return NULL;
  }
  const Handle *handle = data;
  return handle->kind == kind ? handle->object : NULL;
}

napi_value close_object(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  napi_valuetype type;
  void *data;
  if (!get_arguments(env, info, 1, arguments) ||
      napi_typeof(env, arguments[0], &type) != napi_ok || type != napi_external ||
      napi_get_value_external(env, arguments[0], &data) != napi_ok) {
    return fail(env, "Expected a layer or a program to close");
  }
  close_handle(data);
  return NULL;
}
