#include <stdlib.h>

#include "addon.h"

napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

napi_value fail_status(napi_env env, TF_Status *status) {
  napi_throw_error(env, NULL, TF_Message(status));
  TF_DeleteStatus(status);
  return NULL;
}

int get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t received = MOST_ARGUMENTS;
  return napi_get_cb_info(env, info, &received, values, NULL, NULL) == napi_ok && received == count;
}

int get_bytes(napi_env env, napi_value value, Bytes *bytes) {
  napi_typedarray_type type;
  bool is_array = false;
  return napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
         napi_get_typedarray_info(env, value, &type, &bytes->length, (void **)&bytes->data, NULL,
                                  NULL) == napi_ok &&
         type == napi_uint8_array;
}

char *get_text(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  char *text = malloc(length + 1);
  if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
  return text;
}
