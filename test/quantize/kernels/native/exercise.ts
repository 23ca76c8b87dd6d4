/**
 * Compares every instruction set of an addon with the reference and prints what it did:
 * `exercise.ts ADDON`. A program, not a test: the sanitizers need a Node of their own.
 */
import fc from 'fast-check';
import { loadNativeAddon } from '../../../../quantize/kernels/native/load_native.ts';
import { createNativeKernels } from '../../../../quantize/kernels/native/native_kernels.ts';
import { randomModels } from '../../model/random_models.ts';
import { assertNetworkEqual, assertRandomCallsEqual, assertTableEqual } from '../equal.ts';

const addon = loadNativeAddon(process.argv[2]);
for (const instructionSet of addon.supportedIsas()) {
  const kernels = createNativeKernels(addon, instructionSet);
  assertTableEqual(kernels);
  assertRandomCallsEqual([kernels], { numRuns: 40 });
  for (const threads of [1, 3]) {
    const property = fc.property(randomModels({ withEveryOp: true }), (model) =>
      assertNetworkEqual(model, kernels, { threads, batches: [1, 2, 5, 1] }),
    );
    fc.assert(property, { numRuns: 10 });
  }
  process.stdout.write(`${instructionSet}: the reference's bytes\n`);
}
