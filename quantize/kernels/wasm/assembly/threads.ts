// The module for several threads: the same kernels over an imported, shared memory.
import {
  ARENA,
  ARRIVED,
  IS_SPLIT,
  JOB,
  PHASE,
  READY,
  runImage,
  SCRATCH,
  SCRATCH_STRIDE,
  STEP_COUNT,
  STEPS,
  THREADS,
  WORKING,
} from './program';
import { runStep } from './step';

export * from './index';

// Sleeping is the host's. Code of V8 11.3's baseline compiler (Node 20) loses locals at
// `memory.atomic.wait32`: of `atomic.wait<i32>(address, value, 0); return value;` it returns 0. And a
// browser's main thread may not sleep at all.

/**
 * Sleeps while the field at `address` is `value`; returns now and then, and at once where a thread may
 * not sleep. Does not return to the caller of `runJob` when a worker has failed: `../team.ts`.
 */
declare function sleep(address: usize, value: i32): void;

/** Wakes the threads that sleep on the field at `address`. */
declare function wake(address: usize): void;

/** Polls before a thread that waits goes to sleep: some tens of microseconds. */
const SPINS: i32 = 20000;

/** Value of JOB that ends the threads. */
const STOP: i32 = -1;

/** Returns once the field at `address` is no longer `value`. */
function waitWhile(address: usize, value: i32): void {
  for (;;) {
    for (let i = 0; i < SPINS; i++) {
      if (atomic.load<i32>(address) != value) return;
    }
    sleep(address, value);
  }
}

/** All threads have done the step before anyone goes on. */
function barrier(program: usize): void {
  const phase = atomic.load<i32>(program, PHASE);
  if (atomic.add<i32>(program, 1, ARRIVED) == load<i32>(program, THREADS) - 1) {
    atomic.store<i32>(program, 0, ARRIVED);
    atomic.store<i32>(program, phase + 1, PHASE);
    wake(program + PHASE);
  } else {
    waitWhile(program + PHASE, phase);
  }
}

function runPart(program: usize, thread: i32): void {
  if (!load<i32>(program, IS_SPLIT)) {
    runImage(program, thread);
    return;
  }
  const threads = load<i32>(program, THREADS);
  const arena: usize = load<i32>(program, ARENA);
  const scratch: usize = load<i32>(program, SCRATCH) + thread * load<i32>(program, SCRATCH_STRIDE);
  const end = program + STEPS + <usize>load<i32>(program, STEP_COUNT) * 4;
  for (let at = program + STEPS; at < end; at += 4) {
    runStep(load<i32>(at), arena, thread, threads, scratch);
    barrier(program);
  }
}

/** A worker's life: its part of each job, until it is stopped. */
export function work(program: usize, thread: i32): void {
  let done = 0;
  atomic.add<i32>(program, 1, READY);
  wake(program + READY);
  for (;;) {
    waitWhile(program + JOB, done);
    done = atomic.load<i32>(program, JOB);
    if (done == STOP) return;
    runPart(program, thread);
    if (atomic.sub<i32>(program, 1, WORKING) == 1) wake(program + WORKING);
  }
}

/** The caller's part of a job, with the workers; returns when all are done. */
export function runJob(program: usize, isSplit: bool): void {
  store<i32>(program, isSplit, IS_SPLIT);
  atomic.store<i32>(program, load<i32>(program, THREADS) - 1, WORKING);
  // Positive, so that it never meets STOP.
  atomic.store<i32>(program, (atomic.load<i32>(program, JOB) + 1) & 0x7fffffff, JOB);
  wake(program + JOB);
  runPart(program, 0);
  for (;;) {
    const working = atomic.load<i32>(program, WORKING);
    if (working == 0) return;
    waitWhile(program + WORKING, working);
  }
}

/** Ends the workers; none is at work. */
export function stop(program: usize): void {
  atomic.store<i32>(program, STOP, JOB);
  wake(program + JOB);
}
