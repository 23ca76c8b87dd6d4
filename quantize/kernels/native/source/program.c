#include "program.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if TF8_X86
#include <immintrin.h>
#define PAUSE() _mm_pause()
#else
#define PAUSE() ((void)0)
#endif

/* Polls before a thread that waits gives its processor away, or sleeps: some tens of microseconds. */
#define SPINS 4000

typedef struct {
  const Op *op;
  const Slot *slots; /* input_count inputs, then the output */
  size_t input_count;
} Step;

typedef struct {
  Program *program;
  int index;
  pthread_t thread;
  Scratch scratch;
  uint8_t *arena;
  const uint8_t **inputs; /* of the running step */
} Worker;

struct Program {
  Step *steps;
  size_t step_count;
  Slot *slots;
  size_t arena_bytes;
  Slot input;
  Slot *outputs;
  size_t output_count;
  int threads;
  int started; /* threads besides the caller's */
  Worker *workers;

  /* The running job. */
  const uint8_t *images;
  size_t batch;
  uint8_t *const *results;
  int is_split; /* each layer's rows are divided, not the images */
  atomic_size_t next_image;

  /* Workers sleep until `job` changes; the caller waits until `working` is 0. */
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_uint job;
  atomic_int working;
  atomic_int stopping;

  /* A barrier between layers. */
  atomic_int arrived;
  atomic_uint phase;
};

static void wait_a_little(unsigned *spins) {
  if (++*spins < SPINS) {
    PAUSE();
  } else {
    sched_yield();
  }
}

static void barrier(Program *p) {
  const unsigned phase = atomic_load_explicit(&p->phase, memory_order_acquire);
  if (atomic_fetch_add_explicit(&p->arrived, 1, memory_order_acq_rel) == p->threads - 1) {
    atomic_store_explicit(&p->arrived, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->phase, 1, memory_order_release);
    return;
  }
  unsigned spins = 0;
  while (atomic_load_explicit(&p->phase, memory_order_acquire) == phase) wait_a_little(&spins);
}

static void copy_out(const Program *p, const uint8_t *arena, size_t image) {
  for (size_t i = 0; i < p->output_count; i++) {
    const Slot slot = p->outputs[i];
    memcpy(p->results[i] + image * slot.length, arena + slot.offset, slot.length);
  }
}

static void run_step(const Program *p, size_t index, uint8_t *arena, Worker *w, int thread,
                     int threads) {
  const Step *step = &p->steps[index];
  for (size_t i = 0; i < step->input_count; i++) w->inputs[i] = arena + step->slots[i].offset;
  op_run(step->op, w->inputs, arena + step->slots[step->input_count].offset, thread, threads,
         &w->scratch);
}

static void run_images(Program *p, Worker *w) {
  for (;;) {
    const size_t image = atomic_fetch_add_explicit(&p->next_image, 1, memory_order_relaxed);
    if (image >= p->batch) return;
    memcpy(w->arena + p->input.offset, p->images + image * p->input.length, p->input.length);
    for (size_t s = 0; s < p->step_count; s++) run_step(p, s, w->arena, w, 0, 1);
    copy_out(p, w->arena, image);
  }
}

/* All threads work on worker 0's arena. */
static void run_layers(Program *p, Worker *w) {
  uint8_t *arena = p->workers[0].arena;
  for (size_t image = 0; image < p->batch; image++) {
    if (w->index == 0) {
      memcpy(arena + p->input.offset, p->images + image * p->input.length, p->input.length);
    }
    barrier(p);
    for (size_t s = 0; s < p->step_count; s++) {
      run_step(p, s, arena, w, w->index, p->threads);
      barrier(p);
    }
    if (w->index == 0) copy_out(p, arena, image);
  }
}

static void run_job(Program *p, Worker *w) {
  if (p->is_split) {
    run_layers(p, w);
  } else {
    run_images(p, w);
  }
}

static void *worker_main(void *argument) {
  Worker *w = argument;
  Program *p = w->program;
  unsigned done = 0;
  for (;;) {
    for (unsigned spins = 0; spins < SPINS && atomic_load(&p->job) == done; spins++) PAUSE();
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->job) == done && !atomic_load(&p->stopping)) {
      pthread_cond_wait(&p->wake, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    if (atomic_load(&p->stopping)) return NULL;
    done = atomic_load(&p->job);
    run_job(p, w);
    atomic_fetch_sub_explicit(&p->working, 1, memory_order_release);
  }
}

void program_run(Program *p, const uint8_t *input, size_t batch, uint8_t *const *outputs) {
  p->images = input;
  p->batch = batch;
  p->results = outputs;
  p->is_split = p->threads > 1 && batch < (size_t)p->threads;
  atomic_store(&p->next_image, 0);
  if (p->threads > 1) {
    atomic_store(&p->working, p->threads - 1);
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->job, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
  }
  run_job(p, &p->workers[0]);
  unsigned spins = 0;
  while (atomic_load_explicit(&p->working, memory_order_acquire) > 0) wait_a_little(&spins);
}

size_t program_output_count(const Program *p) { return p->output_count; }
size_t program_input_bytes(const Program *p) { return p->input.length; }
size_t program_output_bytes(const Program *p, size_t index) { return p->outputs[index].length; }

/* `count` Slots, copied. */
static Slot *copy_slots(const Slot *slots, size_t count) {
  Slot *copy = malloc((count > 0 ? count : 1) * sizeof *copy);
  if (copy != NULL && count > 0) memcpy(copy, slots, count * sizeof *copy);
  return copy;
}

Program *program_create(Op *const *ops, size_t op_count, const Slot *slots, size_t arena_bytes,
                        Slot input, const Slot *outputs, size_t output_count, int threads) {
  Program *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->wake, NULL);
  size_t slot_count = 0, most_inputs = 1;
  for (size_t i = 0; i < op_count; i++) {
    const size_t inputs = ops[i]->kind == OP_CONCAT ? (size_t)ops[i]->input_count : 1;
    slot_count += inputs + 1;
    if (inputs > most_inputs) most_inputs = inputs;
  }
  p->threads = threads;
  p->arena_bytes = arena_bytes;
  p->input = input;
  p->steps = calloc(op_count > 0 ? op_count : 1, sizeof *p->steps);
  p->slots = copy_slots(slots, slot_count);
  p->outputs = copy_slots(outputs, output_count);
  p->workers = calloc((size_t)threads, sizeof *p->workers);
  p->output_count = output_count;
  if (p->steps == NULL || p->slots == NULL || p->outputs == NULL || p->workers == NULL) {
    program_free(p);
    return NULL;
  }
  const Slot *next = p->slots;
  for (size_t i = 0; i < op_count; i++) {
    const size_t inputs = ops[i]->kind == OP_CONCAT ? (size_t)ops[i]->input_count : 1;
    p->steps[i] = (Step){ops[i], next, inputs};
    next += inputs + 1;
    ops[i]->references++;
    p->step_count++;
  }
  for (int t = 0; t < threads; t++) {
    Worker *w = &p->workers[t];
    void *arena = NULL;
    w->program = p;
    w->index = t;
    w->inputs = calloc(most_inputs, sizeof *w->inputs);
    if (posix_memalign(&arena, 64, arena_bytes + 64) == 0) w->arena = memset(arena, 0, arena_bytes);
    int reserved = w->inputs != NULL && w->arena != NULL;
    for (size_t i = 0; reserved && i < op_count; i++) reserved = scratch_reserve(&w->scratch, ops[i]);
    if (!reserved || (t > 0 && pthread_create(&w->thread, NULL, worker_main, w) != 0)) {
      program_free(p);
      return NULL;
    }
    if (t > 0) p->started++;
  }
  return p;
}

void program_free(Program *p) {
  if (p == NULL) return;
  pthread_mutex_lock(&p->mutex);
  atomic_store(&p->stopping, 1);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->mutex);
  for (int t = 1; t <= p->started; t++) pthread_join(p->workers[t].thread, NULL);
  for (int t = 0; p->workers != NULL && t < p->threads; t++) {
    scratch_free(&p->workers[t].scratch);
    free(p->workers[t].arena);
    free(p->workers[t].inputs);
  }
  for (size_t i = 0; i < p->step_count; i++) op_release((Op *)p->steps[i].op);
  free(p->steps);
  free(p->slots);
  free(p->outputs);
  free(p->workers);
  pthread_mutex_destroy(&p->mutex);
  pthread_cond_destroy(&p->wake);
  free(p);
}
