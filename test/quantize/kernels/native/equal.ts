import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tf8Plan } from '../../../../quantize/execute/plan.ts';
import type { Kernels } from '../../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../../quantize/kernels/reference/reference_kernels.ts';
import type { Tf8Model } from '../../../../quantize/model/tf8_model.ts';
import { CASES } from '../cases.ts';
import { randomBytes } from '../make_call.ts';
import { RANDOM_CALLS, WIDE_CALLS } from '../random_calls.ts';
import { assertSameBytes, type KernelCall, run } from '../run_case.ts';

/** The case table, and `numRuns` random calls of every op, narrow and wide. */
export function assertCallsEqual(kernels: Kernels, { numRuns }: { numRuns: number }): void {
  for (const kernelCase of CASES) assertEqual(kernels, kernelCase);
  for (const calls of [...Object.values(RANDOM_CALLS), ...Object.values(WIDE_CALLS)]) {
    fc.assert(
      fc.property(calls, (kernelCall) => assertEqual(kernels, kernelCall)),
      { numRuns },
    );
  }
}

export function assertEqual(kernels: Kernels, kernelCall: KernelCall): void {
  assertSameBytes(kernelCall, run(kernels, kernelCall), run(REFERENCE_KERNELS, kernelCall));
}

/** Every layer of single images and of batches smaller and larger than `threads`. */
export function assertNetworksEqual(model: Tf8Model, kernels: Kernels, threads: number): void {
  const outputs = [model.input.name, ...model.nodes.map(({ name }) => name)];
  const expected = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
  const plan = new Tf8Plan(model, { kernels, threads, outputs });
  const logits = new Tf8Plan(model, { kernels, threads });
  const pixels = model.input.shape[0] * model.input.shape[1] * model.input.shape[2];
  for (const batch of [1, threads - 1, threads + 2, 1].filter((size) => size > 0)) {
    const images = randomBytes(batch * pixels, batch);
    const bytes = expected.run(images);
    const received = plan.run(images);
    for (const [name, tensor] of bytes) assert.deepEqual(received.get(name), tensor, name);
    const last = outputs.at(-1)!;
    assert.deepEqual(logits.run(images).get(last), bytes.get(last), 'with shared memory');
  }
}
