#include "program.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aligned.h"
#include "peak.h"

#if TF8_X86
#include <immintrin.h>
#define PAUSE() _mm_pause()
#elif TF8_ARM64
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

/* Polls before a thread that waits gives its processor away, or sleeps: some tens of microseconds. */
#define SPINS 4000

#define CACHE_LINE 64

/* A counter that shares its cache line with nothing. */
typedef struct {
  _Alignas(CACHE_LINE) atomic_size_t value;
} Counter;

typedef struct {
  const Op *op;
  const Slot *slots; /* input_count inputs, then the output */
  size_t input_count;
  size_t parts; /* when the layers are divided among the threads */
  Counter *next; /* [threads] the next part of each thread's share */
  Counter *done; /* parts */
} Step;

typedef struct {
  Program *program;
  int index;
  pthread_t thread;
  uint8_t *arena;
  uint8_t *scratch;
  const uint8_t **inputs; /* of the running step */
} Worker;

struct Program {
  Step *steps;
  size_t step_count;
  Slot *slots;
  Counter *counters;
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
  int is_split; /* each layer is divided among the threads, not the images */
  atomic_size_t next_image;

  /*
   * Workers sleep until `job` changes and then join the job, unless it is over already: the caller
   * never waits for a thread that has not begun, only for those `working`.
   */
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_uint job;
  int is_open;
  atomic_int working;
  atomic_int stopping;
};

static void wait_a_little(unsigned *spins) {
  if (++*spins < SPINS) {
    PAUSE();
  } else {
    sched_yield();
  }
}

static void copy_out(const Program *p, const uint8_t *arena, size_t image) {
  for (size_t i = 0; i < p->output_count; i++) {
    const Slot slot = p->outputs[i];
    memcpy(p->results[i] + image * slot.length, arena + slot.offset, slot.length);
  }
}

/* Part `part` of `parts` of a step, on an arena. */
static void run_part(const Step *step, uint8_t *arena, Worker *w, size_t part, size_t parts) {
  for (size_t i = 0; i < step->input_count; i++) w->inputs[i] = arena + step->slots[i].offset;
  op_run(step->op, w->inputs, arena + step->slots[step->input_count].offset, part, parts,
         w->scratch);
}

static void run_images(Program *p, Worker *w) {
  for (;;) {
    const size_t image = atomic_fetch_add_explicit(&p->next_image, 1, memory_order_relaxed);
    if (image >= p->batch) return;
    memcpy(w->arena + p->input.offset, p->images + image * p->input.length, p->input.length);
    for (size_t s = 0; s < p->step_count; s++) run_part(&p->steps[s], w->arena, w, 0, 1);
    copy_out(p, w->arena, image);
  }
}

/* The parts [share_start(t), share_start(t + 1)) are thread t's to begin with. */
static size_t share_start(const Program *p, const Step *step, int thread) {
  return step->parts * (size_t)thread / (size_t)p->threads;
}

/*
 * One image on worker 0's arena. A thread takes the parts of its own share first, whose inputs it
 * wrote itself in the layer before, and then what the others have not begun.
 */
static void run_layers(Program *p, Worker *w) {
  uint8_t *arena = p->workers[0].arena;
  for (size_t s = 0; s < p->step_count; s++) {
    const Step *step = &p->steps[s];
    size_t done = 0;
    for (int i = 0; i < p->threads; i++) {
      const int owner = (w->index + i) % p->threads;
      const size_t end = share_start(p, step, owner + 1);
      for (;;) {
        const size_t part =
            atomic_fetch_add_explicit(&step->next[owner].value, 1, memory_order_relaxed);
        if (part >= end) break;
        run_part(step, arena, w, part, step->parts);
        done++;
      }
    }
    atomic_fetch_add_explicit(&step->done->value, done, memory_order_acq_rel);
    unsigned spins = 0;
    while (atomic_load_explicit(&step->done->value, memory_order_acquire) < step->parts) {
      wait_a_little(&spins);
    }
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
  unsigned seen = 0;
  for (;;) {
    for (unsigned spins = 0; spins < SPINS && atomic_load(&p->job) == seen; spins++) PAUSE();
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->job) == seen && !atomic_load(&p->stopping)) {
      pthread_cond_wait(&p->wake, &p->mutex);
    }
    seen = atomic_load(&p->job);
    const int joins = p->is_open && !atomic_load(&p->stopping);
    if (joins) atomic_fetch_add(&p->working, 1);
    pthread_mutex_unlock(&p->mutex);
    if (atomic_load(&p->stopping)) return NULL;
    if (!joins) continue;
    run_job(p, w);
    atomic_fetch_sub_explicit(&p->working, 1, memory_order_release);
  }
}

/* Runs the job that is set, with whatever threads join it. */
static void run_together(Program *p) {
  if (p->threads > 1) {
    pthread_mutex_lock(&p->mutex);
    p->is_open = 1;
    atomic_fetch_add(&p->job, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
  }
  run_job(p, &p->workers[0]);
  if (p->threads > 1) {
    pthread_mutex_lock(&p->mutex);
    p->is_open = 0;
    pthread_mutex_unlock(&p->mutex);
  }
  unsigned spins = 0;
  while (atomic_load_explicit(&p->working, memory_order_acquire) > 0) wait_a_little(&spins);
}

/* One image, each of whose layers is divided among the threads. */
static void run_split(Program *p, size_t image) {
  uint8_t *arena = p->workers[0].arena;
  memcpy(arena + p->input.offset, p->images + image * p->input.length, p->input.length);
  for (size_t s = 0; s < p->step_count; s++) {
    const Step *step = &p->steps[s];
    for (int t = 0; t < p->threads; t++) {
      atomic_store_explicit(&step->next[t].value, share_start(p, step, t), memory_order_relaxed);
    }
    atomic_store_explicit(&step->done->value, 0, memory_order_relaxed);
  }
  run_together(p);
  copy_out(p, arena, image);
}

void program_run(Program *p, const uint8_t *input, size_t batch, uint8_t *const *outputs) {
  p->images = input;
  p->batch = batch;
  p->results = outputs;
  p->is_split = p->threads > 1 && batch < (size_t)p->threads;
  if (p->is_split) {
    for (size_t image = 0; image < batch; image++) run_split(p, image);
  } else {
    atomic_store(&p->next_image, 0);
    run_together(p);
  }
}

void program_profile(Program *p, const uint8_t *image, double *milliseconds) {
  Worker *w = &p->workers[0];
  memcpy(w->arena + p->input.offset, image, p->input.length);
  for (size_t s = 0; s < p->step_count; s++) {
    const double start = seconds();
    run_part(&p->steps[s], w->arena, w, 0, 1);
    milliseconds[s] = 1000 * (seconds() - start);
  }
}

size_t program_op_count(const Program *p) { return p->step_count; }
size_t program_output_count(const Program *p) { return p->output_count; }
size_t program_input_bytes(const Program *p) { return p->input.length; }
size_t program_output_bytes(const Program *p, size_t index) { return p->outputs[index].length; }

/* `count` Slots, copied. */
static Slot *copy_slots(const Slot *slots, size_t count) {
  Slot *copy = malloc((count > 0 ? count : 1) * sizeof *copy);
  if (copy != NULL && count > 0) memcpy(copy, slots, count * sizeof *copy);
  return copy;
}

/* A thread's own memory; the thread itself, save the caller's. */
static int start_worker(Program *p, int index, size_t arena_bytes, size_t scratch_bytes,
                        size_t inputs) {
  Worker *w = &p->workers[index];
  w->program = p;
  w->index = index;
  w->inputs = calloc(inputs, sizeof *w->inputs);
  w->arena = aligned_zeros(arena_bytes);
  w->scratch = aligned_zeros(scratch_bytes);
  if (w->inputs == NULL || w->arena == NULL || w->scratch == NULL) return 0;
  if (index == 0) return 1;
  if (pthread_create(&w->thread, NULL, worker_main, w) != 0) return 0;
  p->started++;
  return 1;
}

Program *program_create(Op *const *ops, size_t op_count, const Slot *slots, size_t arena_bytes,
                        Slot input, const Slot *outputs, size_t output_count, int threads) {
  Program *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->wake, NULL);
  size_t slot_count = 0, most_inputs = 1, scratch_bytes = 0;
  for (size_t i = 0; i < op_count; i++) {
    const size_t inputs = op_input_count(ops[i]), bytes = op_scratch_bytes(ops[i]);
    slot_count += inputs + 1;
    if (inputs > most_inputs) most_inputs = inputs;
    if (bytes > scratch_bytes) scratch_bytes = bytes;
  }
  const size_t counters_per_step = (size_t)threads + 1;
  p->threads = threads;
  p->input = input;
  p->steps = calloc(op_count > 0 ? op_count : 1, sizeof *p->steps);
  p->slots = copy_slots(slots, slot_count);
  p->counters = (Counter *)(void *)aligned_zeros(op_count * counters_per_step * sizeof(Counter));
  p->outputs = copy_slots(outputs, output_count);
  p->output_count = output_count;
  p->workers = calloc((size_t)threads, sizeof *p->workers);
  if (p->steps == NULL || p->slots == NULL || p->counters == NULL || p->outputs == NULL ||
      p->workers == NULL) {
    program_free(p);
    return NULL;
  }
  const Slot *next = p->slots;
  for (size_t i = 0; i < op_count; i++) {
    const size_t inputs = op_input_count(ops[i]);
    Counter *counters = p->counters + i * counters_per_step;
    p->steps[i] = (Step){ops[i], next, inputs, op_parts(ops[i], threads), counters + 1, counters};
    next += inputs + 1;
    ops[i]->references++;
    p->step_count++;
  }
  for (int t = 0; t < threads; t++) {
    if (start_worker(p, t, arena_bytes, scratch_bytes, most_inputs)) continue;
    program_free(p);
    return NULL;
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
    free(p->workers[t].scratch);
    free(p->workers[t].arena);
    free(p->workers[t].inputs);
  }
  for (size_t i = 0; i < p->step_count; i++) op_release((Op *)p->steps[i].op);
  free(p->steps);
  free(p->slots);
  free(p->counters);
  free(p->outputs);
  free(p->workers);
  pthread_mutex_destroy(&p->mutex);
  pthread_cond_destroy(&p->wake);
  free(p);
}
