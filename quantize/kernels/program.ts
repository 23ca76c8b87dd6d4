import { QuantizationError } from '../params/errors.ts';
import type { CompiledProgram, Kernels, Program } from './kernels.ts';

/**
 * Prepares `program` for `kernels`: by the tier's own way where it has one; else a run makes the
 * calls one after the other, image after image, on one thread.
 * @throws QuantizationError when a call is not legal (`checkCall`)
 */
export function compileProgram(
  kernels: Kernels,
  program: Program,
  options: { readonly threads: number },
): CompiledProgram {
  if (kernels.compile !== undefined) return kernels.compile(program, options);
  const { calls, input, outputs } = program;
  let isOpen = true;
  return {
    threads: 1,
    run(images, batch, results) {
      requireOpen(isOpen);
      for (let n = 0; n < batch; n++) {
        input.set(images.subarray(n * input.length, (n + 1) * input.length));
        for (const call of calls) kernels.run(call);
        for (const [i, output] of outputs.entries()) results[i].set(output, n * output.length);
      }
    },
    profile(image) {
      requireOpen(isOpen);
      input.set(image);
      return Float64Array.from(calls, (call) => {
        const start = performance.now();
        kernels.run(call);
        return performance.now() - start;
      });
    },
    close() {
      isOpen = false;
    },
  };
}

/** Bytes [offset, offset + length) of a program's arena. */
export interface Slot {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where a tensor lies in the arena of its program.
 * @throws QuantizationError when it does not
 */
export function slotOf(arena: Uint8Array, view: Uint8Array): Slot {
  const offset = view.byteOffset - arena.byteOffset;
  if (view.buffer !== arena.buffer || offset < 0 || offset + view.length > arena.length) {
    throw new QuantizationError('Expected tensors within the arena of the program');
  }
  return { offset, length: view.length };
}

/** Throws a QuantizationError when a program was closed. */
export function requireOpen(isOpen: boolean): void {
  if (isOpen) return;
  throw new QuantizationError('Expected an open program but it was closed', {
    remedy: 'Compile it again.',
  });
}
