import { runStep } from './step';

// A program: steps over one arena. `../program_memory.ts` writes the record, of 4-byte fields, and
// after it the address of each step.

export const STEP_COUNT: usize = 0;
export const ARENA: usize = 4;
/** Between the arenas of two threads. */
export const ARENA_STRIDE: usize = 8;
export const SCRATCH: usize = 12;
/** Between the scratch of two threads. */
export const SCRATCH_STRIDE: usize = 16;
export const THREADS: usize = 20;
/** Whether threads divide each step, or else take an image each. */
export const IS_SPLIT: usize = 28;
export const JOB: usize = 32;
export const WORKING: usize = 36;
export const ARRIVED: usize = 40;
export const PHASE: usize = 44;
export const READY: usize = 48;
// 52: whether a worker has failed, of `../team.ts`.
export const STEPS: usize = 64;

/** One image, from thread `thread`'s arena, by that thread alone. */
export function runImage(program: usize, thread: i32): void {
  const arena: usize = load<i32>(program, ARENA) + thread * load<i32>(program, ARENA_STRIDE);
  const scratch: usize = load<i32>(program, SCRATCH) + thread * load<i32>(program, SCRATCH_STRIDE);
  const end = program + STEPS + <usize>load<i32>(program, STEP_COUNT) * 4;
  for (let at = program + STEPS; at < end; at += 4) {
    runStep(load<i32>(at), arena, 0, 1, scratch);
  }
}
