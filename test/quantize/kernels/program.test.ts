import assert from 'node:assert/strict';
import type { Kernels, Program } from '../../../quantize/kernels/kernels.ts';
import { compileProgram } from '../../../quantize/kernels/program.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { KernelCall } from '../../../quantize/ops/table.ts';
import { NO_PADDING } from '../../../quantize/params/window.ts';
import { runWith } from './run_with.ts';

/** Two calls on an image of two bytes: it is bounded to [0, 9], and then to [7, 9]. */
function twoCalls(): Program {
  const arena = new Uint8Array(6);
  const [input, middle, output] = [0, 2, 4].map((offset) => arena.subarray(offset, offset + 2));
  const shape = [1, 1, 2, 1] as const;
  const bound = (from: Uint8Array, to: Uint8Array, low: number, high: number): KernelCall => ({
    op: 'maxPool2d',
    call: {
      input: from,
      inputShape: shape,
      output: to,
      outputShape: shape,
      low,
      high,
      windowShape: [1, 1] as const,
      strides: [1, 1] as const,
      padding: NO_PADDING,
    },
  });
  const calls = [bound(input, middle, 0, 9), bound(middle, output, 7, 9)];
  return { calls, arena, input, outputs: [output] };
}

describe('compileProgram for kernels that have no way of their own', () => {
  it('runs the calls in order, image after image', () => {
    const results = [new Uint8Array(4)];
    compileProgram(REFERENCE_KERNELS, twoCalls(), { threads: 3 }).run(
      Uint8Array.of(1, 8, 255, 7),
      2,
      results,
    );
    assert.deepEqual(results, [Uint8Array.of(7, 8, 9, 7)]);
  });

  it('profiles the calls in order, each once, on the image that is given', () => {
    const program = twoCalls();
    const seen: number[][] = [];
    const kernels: Kernels = {
      ...REFERENCE_KERNELS,
      ...runWith('maxPool2d', (call) => {
        seen.push([...call.input]);
        const end = performance.now() + 2;
        while (performance.now() < end) {}
      }),
    };
    const compiled = compileProgram(kernels, program, { threads: 1 });
    const milliseconds = compiled.profile(Uint8Array.of(20, 3));
    assert.deepEqual(seen, [
      [20, 3],
      [9, 3],
    ]);
    assert.equal(milliseconds.length, 2);
    assert.ok(milliseconds.every((time) => time >= 2));
  });

  it('refuses to run and to profile once closed', () => {
    const compiled = compileProgram(REFERENCE_KERNELS, twoCalls(), { threads: 1 });
    compiled.close();
    compiled.close();
    const closed = {
      name: 'QuantizationError',
      message: 'Expected an open program but it was closed',
      remedy: 'Compile it again.',
    };
    assert.throws(() => compiled.run(new Uint8Array(2), 1, [new Uint8Array(2)]), closed);
    assert.throws(() => compiled.profile(new Uint8Array(2)), closed);
  });
});
