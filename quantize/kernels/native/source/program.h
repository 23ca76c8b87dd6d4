/* A whole network for one image at a time, run by a pool of threads without allocation. */
#ifndef TF8_PROGRAM_H
#define TF8_PROGRAM_H

#include "op.h"

typedef struct Program Program;

/* Bytes [offset, offset + length) of the arena. */
typedef struct {
  size_t offset;
  size_t length;
} Slot;

/*
 * `slots`: for each op its inputs and then its output; `outputs`: what a run copies out. Holds a
 * reference to every op. NULL when memory or threads are short. `threads` >= 1, the caller's
 * included.
 */
Program *program_create(Op *const *ops, size_t op_count, const Slot *slots, size_t arena_bytes,
                        Slot input, const Slot *outputs, size_t output_count, int threads);

/*
 * Runs `batch` images [batch, input.length]; output i is [batch, outputs[i].length]. Several images
 * are divided among the threads; where there are fewer images than threads, each one's layers are.
 */
void program_run(Program *program, const uint8_t *input, size_t batch, uint8_t *const *outputs);

/* Milliseconds that each op takes for one image on the caller's thread: [program_op_count]. */
void program_profile(Program *program, const uint8_t *image, double *milliseconds);

size_t program_op_count(const Program *program);
size_t program_output_count(const Program *program);
size_t program_input_bytes(const Program *program);
size_t program_output_bytes(const Program *program, size_t index);

void program_free(Program *program);

#endif
