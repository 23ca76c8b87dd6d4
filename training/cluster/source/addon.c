/*
 * The N-API surface of TensorFlow's distributed runtime, for cluster_session.ts alone: a server, a
 * session on it, and the session's run, at once or beside the event loop. TypeScript has checked
 * shapes and lengths; what is checked here again is what would otherwise read outside of an array.
 */
#include <pthread.h>
#include <stdlib.h>

#include "addon.h"

/* startServer(serverDef: Uint8Array): string, the target of its sessions. It runs until the process
 * ends: TF_DeleteServer aborts the process, and TF_ServerStop is not implemented. */
static napi_value start_server(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Bytes definition;
  if (!get_arguments(env, info, 1, arguments) || !get_bytes(env, arguments[0], &definition)) {
    return fail(env, "startServer expects (serverDef: Uint8Array)");
  }
  TF_Status *status = TF_NewStatus();
  TF_Server *server = TF_NewServer(definition.data, definition.length, status);
  if (TF_GetCode(status) == TF_OK) TF_ServerStart(server, status);
  if (TF_GetCode(status) != TF_OK) return fail_status(env, status);
  TF_DeleteStatus(status);
  napi_value target;
  return napi_create_string_utf8(env, TF_ServerTarget(server), NAPI_AUTO_LENGTH, &target) == napi_ok
             ? target
             : NULL;
}

static void free_session(Session *session) {
  if (session->session == NULL) return;
  TF_Status *status = TF_NewStatus();
  TF_CloseSession(session->session, status);
  TF_DeleteSession(session->session, status);
  TF_DeleteGraph(session->graph);
  TF_DeleteStatus(status);
  session->session = NULL;
}

static void finalize_session(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  /* What a run that never ends has goes with the process. */
  if (((Session *)data)->running != 0) return;
  free_session(data);
  free(data);
}

/* loadSession(target: string, config: Uint8Array, folder: string): session */
static napi_value load_session(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Bytes config;
  char *target = NULL, *folder = NULL;
  if (!get_arguments(env, info, 3, arguments) || !get_bytes(env, arguments[1], &config) ||
      (target = get_text(env, arguments[0])) == NULL ||
      (folder = get_text(env, arguments[2])) == NULL) {
    free(target);
    return fail(env, "loadSession expects (target: string, config: Uint8Array, folder: string)");
  }
  const char *const TAGS[] = {"serve"};
  TF_Status *status = TF_NewStatus();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Graph *graph = TF_NewGraph();
  TF_Session *loaded = NULL;
  TF_SetTarget(options, target);
  TF_SetConfig(options, config.data, config.length, status);
  if (TF_GetCode(status) == TF_OK) {
    loaded = TF_LoadSessionFromSavedModel(options, NULL, folder, TAGS, 1, graph, NULL, status);
  }
  TF_DeleteSessionOptions(options);
  free(target);
  free(folder);
  if (TF_GetCode(status) != TF_OK) {
    TF_DeleteGraph(graph);
    return fail_status(env, status);
  }
  TF_DeleteStatus(status);
  Session *session = malloc(sizeof *session);
  if (session == NULL) abort();
  *session = (Session){loaded, graph, 0};
  napi_value object;
  if (napi_create_external(env, session, finalize_session, NULL, &object) != napi_ok) {
    finalize_session(env, session, NULL);
    return NULL;
  }
  return object;
}

static int get_session(napi_env env, napi_value value, Session **session) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_external &&
         napi_get_value_external(env, value, (void **)session) == napi_ok &&
         (*session)->session != NULL;
}

/* closeSession(session): frees it; twice is harmless. */
static napi_value close_session(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Session *session;
  if (!get_arguments(env, info, 1, arguments)) return fail(env, "closeSession expects (session)");
  if (!get_session(env, arguments[0], &session)) return NULL;
  if (session->running != 0) return fail(env, "closeSession expects a session that does not run");
  free_session(session);
  return NULL;
}

static const char RUN_USAGE[] =
    "expects (session, names: string[], values: TypedArray[], shapes: Int32Array[], outputs: string[])";

/* run(session, names, values, shapes, outputs): [values, shape][], waiting for them. */
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  Session *session;
  Run *task;
  if (!get_arguments(env, info, 5, arguments) || !get_session(env, arguments[0], &session) ||
      (task = new_run(env, session, arguments + 1)) == NULL) {
    return fail(env, RUN_USAGE);
  }
  perform_run(task);
  napi_value result = run_result(env, task);
  free_run(task);
  return result;
}

/* On the event loop: settles the promise of a run that is done. */
static void settle(napi_env env, napi_value function, void *context, void *data) {
  (void)function;
  (void)context;
  Run *task = data;
  if (env != NULL) { /* NULL while the process ends */
    napi_value result = run_result(env, task), error;
    bool threw = false;
    napi_is_exception_pending(env, &threw);
    if (threw && napi_get_and_clear_last_exception(env, &error) == napi_ok) {
      napi_reject_deferred(env, task->deferred, error);
    } else {
      napi_resolve_deferred(env, task->deferred, result);
    }
    task->session->running--;
    napi_delete_reference(env, task->held);
  }
  free_run(task);
}

static void *perform_beside(void *data) {
  Run *task = data;
  const napi_threadsafe_function settled = task->settled;
  perform_run(task);
  napi_call_threadsafe_function(settled, task, napi_tsfn_blocking);
  napi_release_threadsafe_function(settled, napi_tsfn_release);
  return NULL;
}

/* runAsync(session, names, values, shapes, outputs): Promise<[values, shape][]>, on a thread of its own:
 * a collective that waits for other machines stops neither the event loop nor one of libuv's threads,
 * which decode images and which a process that ends waits for. */
static napi_value run_async(napi_env env, napi_callback_info info) {
  napi_value arguments[MOST_ARGUMENTS];
  napi_value promise, name;
  Session *session;
  Run *task;
  if (!get_arguments(env, info, 5, arguments) || !get_session(env, arguments[0], &session) ||
      (task = new_run(env, session, arguments + 1)) == NULL) {
    return fail(env, RUN_USAGE);
  }
  pthread_t thread;
  if (napi_create_reference(env, arguments[0], 1, &task->held) != napi_ok ||
      napi_create_promise(env, &task->deferred, &promise) != napi_ok ||
      napi_create_string_utf8(env, "tf8 cluster run", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, settle,
                                      &task->settled) != napi_ok) {
    free_run(task);
    return fail(env, "runAsync could not be started");
  }
  /* A collective may wait for ever: who waits for the promise keeps the process, not the run. */
  napi_unref_threadsafe_function(env, task->settled);
  if (pthread_create(&thread, NULL, perform_beside, task) != 0) {
    napi_release_threadsafe_function(task->settled, napi_tsfn_abort);
    free_run(task);
    return fail(env, "runAsync could not start a thread");
  }
  pthread_detach(thread);
  session->running++;
  return promise;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } EXPORTS[] = {
      {"startServer", start_server}, {"loadSession", load_session}, {"closeSession", close_session},
      {"run", run},                  {"runAsync", run_async},
  };
  for (size_t i = 0; i < sizeof EXPORTS / sizeof *EXPORTS; i++) {
    napi_value function;
    if (napi_create_function(env, EXPORTS[i].name, NAPI_AUTO_LENGTH, EXPORTS[i].function, NULL,
                             &function) != napi_ok ||
        napi_set_named_property(env, exports, EXPORTS[i].name, function) != napi_ok) {
      return NULL;
    }
  }
  return exports;
}
