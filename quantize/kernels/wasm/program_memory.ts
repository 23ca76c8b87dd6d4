import { inputsOf } from '../../ops/table.ts';
import { alignUp } from '../../params/align_up.ts';
import type { Program } from '../kernels.ts';
import { type Slot, slotOf } from '../program.ts';
import type { Arena } from './arena.ts';
import { packedBytes, packFilter } from './pack_filter.ts';
import { prepareStep, writeStep } from './step.ts';

/** Fields of a program's record, 4 bytes each, in the order of assembly/program.ts. */
const HEADER_FIELDS = 16;

/** A cache line: threads write to no line together, and vectors do not straddle two. */
const ALIGNMENT = 64;

/** A program in linear memory. */
export interface PlacedProgram {
  /** Address of its record. */
  readonly address: number;
  /** Addresses of the steps, in order. */
  readonly steps: readonly number[];
  /** Addresses of the threads' arenas. */
  readonly arenas: readonly number[];
  /** Address of the first thread's scratch. */
  readonly scratch: number;
  readonly input: Slot;
  readonly outputs: readonly Slot[];
}

/**
 * Lays out a program: packed filters, steps, and for each thread an arena like the program's own and
 * the scratch of the most demanding step.
 * @throws QuantizationError when a call is not legal, a tensor lies outside the program's arena or
 * the memory does not suffice
 */
export function placeProgram(memory: Arena, program: Program, threads: number): PlacedProgram {
  const slot = (view: Uint8Array) => slotOf(program.arena, view);
  let scratchBytes = 0;
  const steps = program.calls.map((kernelCall) => {
    const step = prepareStep(kernelCall);
    scratchBytes = Math.max(scratchBytes, step.scratchBytes);
    const { matrix } = step;
    const filter = matrix && packFilter(memory, memory.allocate(packedBytes(matrix)), matrix);
    return writeStep(memory, step, {
      inputs: inputsOf(kernelCall).map((view) => slot(view).offset),
      output: slot(kernelCall.call.output).offset,
      ...(filter && { filter }),
    });
  });
  const address = alignUp(
    memory.allocate(HEADER_FIELDS * 4 + steps.length * 4 + ALIGNMENT),
    ALIGNMENT,
  );
  const arenaStride = alignUp(program.arena.length, ALIGNMENT) + ALIGNMENT;
  const scratchStride = alignUp(scratchBytes, ALIGNMENT) + ALIGNMENT;
  const arena = alignUp(memory.allocate(threads * arenaStride + ALIGNMENT), ALIGNMENT);
  const scratch = alignUp(memory.allocate(threads * scratchStride + ALIGNMENT), ALIGNMENT);
  const { int32s } = memory;
  int32s.fill(0, address / 4, address / 4 + HEADER_FIELDS);
  const fields = [steps.length, arena, arenaStride, scratch, scratchStride, threads];
  int32s.set(fields, address / 4);
  int32s.set(steps, address / 4 + HEADER_FIELDS);
  return {
    address,
    steps,
    arenas: Array.from({ length: threads }, (_, thread) => arena + thread * arenaStride),
    scratch,
    input: slot(program.input),
    outputs: program.outputs.map(slot),
  };
}
