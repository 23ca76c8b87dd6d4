import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { type Tf8Model, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { CASES } from './cases.ts';
import { randomBytes } from './make_call.ts';
import { RANDOM_CALLS, WIDE_CALLS } from './random_calls.ts';
import { assertSameBytes, type KernelCall, run } from './run_case.ts';

/** Every case of the table; a failure names the case. */
export function assertTableEqual(kernels: Kernels): void {
  for (const kernelCase of CASES) {
    try {
      assertEqual(kernels, kernelCase);
    } catch (error) {
      throw new Error(`${kernelCase.title}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** `numRuns` random calls of every op, narrow and wide, on each of several kernels. */
export function assertRandomCallsEqual(
  kernels: readonly Kernels[],
  options: { readonly numRuns: number; readonly seed?: number },
): void {
  for (const calls of [...Object.values(RANDOM_CALLS), ...Object.values(WIDE_CALLS)]) {
    fc.assert(
      fc.property(calls, (kernelCall) => {
        const expected = run(REFERENCE_KERNELS, kernelCall);
        for (const each of kernels) assertSameBytes(kernelCall, run(each, kernelCall), expected);
      }),
      options,
    );
  }
}

export function assertEqual(kernels: Kernels, kernelCall: KernelCall): void {
  assertSameBytes(kernelCall, run(kernels, kernelCall), run(REFERENCE_KERNELS, kernelCall));
}

/** Every layer of batches of these sizes, and the logits alone, where layers share memory. */
export function assertNetworkEqual(
  model: Tf8Model,
  kernels: Kernels,
  { threads, batches }: { readonly threads: number; readonly batches: readonly number[] },
): void {
  const outputs = tensorNames(model);
  const last = outputs.at(-1)!;
  const pixels = model.input.shape.reduce((product, side) => product * side, 1);
  using expected = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
  using plan = new Tf8Plan(model, { kernels, threads, outputs });
  using logits = new Tf8Plan(model, { kernels, threads });
  for (const batch of batches) {
    const images = randomBytes(batch * pixels, batch);
    const bytes = expected.run(images);
    const received = plan.run(images);
    for (const [name, tensor] of bytes) assert.deepEqual(received.get(name), tensor, name);
    assert.deepEqual(logits.run(images).get(last), bytes.get(last), 'with shared memory');
  }
}
