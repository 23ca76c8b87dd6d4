/* What the files of the N-API surface share: arguments and opaque handles. */
#ifndef TF8_ADDON_H
#define TF8_ADDON_H

#include <node_api.h>

#include "op.h"
#include "program.h"

#define MOST_ARGUMENTS 8

/* A typed array's memory and length. */
typedef struct {
  void *data;
  size_t length;
} Array;

typedef enum { HANDLE_OP, HANDLE_PROGRAM } HandleKind;

/* Throws a JavaScript error; returns NULL. */
napi_value fail(napi_env env, const char *message);

/* Whether a value is a typed array of the type; then `array` is set. */
int get_array(napi_env env, napi_value value, napi_typedarray_type type, Array *array);

/* Whether an object has a number of the name that is an int32; then `number` is set. */
int get_int32(napi_env env, napi_value object, const char *name, int32_t *number);

/* Whether a call has exactly `count` arguments. */
int get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* Takes `object` over, which may be NULL for want of memory. */
napi_value make_handle(napi_env env, HandleKind kind, void *object);

/* The open object of a handle; NULL for anything else. */
void *get_object(napi_env env, napi_value value, HandleKind kind);

/* close(handle): frees a program, or a layer that no program holds; twice is harmless. */
napi_value close_object(napi_env env, napi_callback_info info);

/* Of addon_ops.c; their arguments stand there. */
napi_value create_resize(napi_env env, napi_callback_info info);
napi_value create_softmax(napi_env env, napi_callback_info info);
napi_value set_table(napi_env env, napi_callback_info info);

/* Of addon_program.c; their arguments stand there. */
napi_value create_program(napi_env env, napi_callback_info info);
napi_value run_program(napi_env env, napi_callback_info info);
napi_value profile_program(napi_env env, napi_callback_info info);

#endif
