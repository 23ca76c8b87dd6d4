/* What the files of the addon share. */
#ifndef TF8_CLUSTER_ADDON_H
#define TF8_CLUSTER_ADDON_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>
#include <tensorflow/c/c_api.h>

enum { MOST_ARGUMENTS = 5 };

/* Bytes of JavaScript's. */
typedef struct {
  const void *data;
  size_t length;
} Bytes;

typedef struct {
  TF_Session *session; /* NULL once it was closed */
  TF_Graph *graph;
  int running; /* runs beside the event loop */
} Session;

/* A session's run: what it is given, and what came of it. */
typedef struct {
  Session *session;
  size_t input_count, output_count;
  TF_Output *inputs, *outputs;
  TF_Tensor **input_values, **output_values;
  TF_Status *status;
  /* Of a run beside the event loop. */
  napi_deferred deferred;
  napi_threadsafe_function settled;
  napi_ref held; /* the session's object */
} Run;

/* Throws and returns NULL. */
napi_value fail(napi_env env, const char *message);

/* Throws libtensorflow's message, frees the status and returns NULL. */
napi_value fail_status(napi_env env, TF_Status *status);

int get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
int get_bytes(napi_env env, napi_value value, Bytes *bytes);

/* A string to be freed; NULL where the value is none. */
char *get_text(napi_env env, napi_value value);

/* A run of names, values, shapes and outputs, the four arguments; NULL where they are no such thing. A
 * name that the graph lacks shows when it is performed. */
Run *new_run(napi_env env, Session *session, const napi_value *arguments);

void perform_run(Run *run);

/* [values, shape] of each output; NULL after an error, which is thrown. */
napi_value run_result(napi_env env, Run *run);

void free_run(Run *run);

#endif
