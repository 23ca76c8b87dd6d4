import { add } from './add';
import { concat } from './concat';
import { convolution, slices } from './convolution';
import { depthwise } from './depthwise';
import { extreme } from './extreme';
import { lookup } from './lookup';
import { multiply } from './multiply';
import { pool } from './pool';
import { prelu } from './prelu';
import { rearrange } from './rearrange';
import {
  OP,
  OP_ADD,
  OP_CONCAT,
  OP_CONVOLUTION,
  OP_DEPTHWISE,
  OP_LOOKUP,
  OP_MAXIMUM,
  OP_MINIMUM,
  OP_MULTIPLY,
  OP_PRELU,
  OP_REARRANGE,
  OP_RESIZE,
  OP_SLICES,
  OP_SOFTMAX,
} from './records';
import { resize } from './resize';
import { softmax } from './softmax';

/**
 * Runs the part of a step that is thread `thread`'s of `threads`: parts write disjoint bytes.
 * Tensors lie at the step's offsets from `arena`; `scratch` is the thread's own.
 */
export function runStep(
  step: usize,
  arena: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const op = load<i32>(step, OP);
  if (op == OP_CONVOLUTION) {
    convolution(step, arena, thread, threads, scratch);
  } else if (op == OP_SLICES) {
    slices(step, arena, thread, threads, scratch);
  } else if (op == OP_DEPTHWISE) {
    depthwise(step, arena, thread, threads, scratch);
  } else if (op == OP_CONCAT) {
    concat(step, arena, thread, threads);
  } else if (op == OP_ADD) {
    add(step, arena, thread, threads);
  } else if (op == OP_MULTIPLY) {
    multiply(step, arena, thread, threads);
  } else if (op == OP_LOOKUP) {
    lookup(step, arena, thread, threads);
  } else if (op == OP_PRELU) {
    prelu(step, arena, thread, threads);
  } else if (op == OP_REARRANGE) {
    rearrange(step, arena, thread, threads);
  } else if (op == OP_RESIZE) {
    resize(step, arena, thread, threads);
  } else if (op == OP_MAXIMUM || op == OP_MINIMUM) {
    extreme(step, arena, thread, threads);
  } else if (op == OP_SOFTMAX) {
    softmax(step, arena, thread, threads);
  } else {
    pool(step, arena, thread, threads);
  }
}
