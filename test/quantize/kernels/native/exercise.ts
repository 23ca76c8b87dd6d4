/**
 * Compares every instruction set of an addon with the reference and prints what it did:
 * `exercise.ts ADDON [RUNS]`, RUNS being how many random calls there are, and a quarter of it random
 * networks. A program, not a test: the sanitizers and the emulators need a Node of their own.
 */
import fc from 'fast-check';
import { loadNativeAddon } from '../../../../quantize/kernels/native/load_native.ts';
import { createNativeKernels } from '../../../../quantize/kernels/native/native_kernels.ts';
import { randomScales } from '../../model/random_models.ts';
import { assertNetworkEqual, assertRandomCallsEqual, assertTableEqual } from '../equal.ts';

const addon = loadNativeAddon(process.argv[2]);
const runs = Number(process.argv[3] ?? 40);
const begin = performance.now();

/** Says what is done: where a run is slow, or is ended, one sees how far it came. */
function say(done: string): void {
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  process.stdout.write(`${done} (after ${seconds} s)\n`);
}

for (const instructionSet of addon.supportedIsas()) {
  const kernels = createNativeKernels(addon, instructionSet);
  assertTableEqual(kernels);
  say(`${instructionSet}: the case table`);
  assertRandomCallsEqual([kernels], { numRuns: runs });
  say(`${instructionSet}: ${runs} random calls`);
  for (const threads of [1, 3]) {
    const property = fc.property(randomScales({ withEveryOp: true }), (model) =>
      assertNetworkEqual(model, kernels, { threads, batches: [1, 2, 5, 1] }),
    );
    fc.assert(property, { numRuns: Math.ceil(runs / 4) });
  }
  say(`${instructionSet}: the reference's bytes`);
}
