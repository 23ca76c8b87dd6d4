import assert from 'node:assert/strict';
import type { Kernels, TierName } from '../../../quantize/kernels/kernels.ts';
import { checksum, KNOWN_ANSWERS } from '../../../quantize/kernels/known_answers.ts';
import { knownCalls } from '../../../quantize/kernels/known_calls.ts';
import { compileProgram } from '../../../quantize/kernels/program.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { chooseKernels, examineRoutes, type TierRoute } from '../../../quantize/kernels/route.ts';
import { selfTest } from '../../../quantize/kernels/self_test.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { quantizeArray } from '../../../quantize/params/quantization.ts';
import { runWith } from './run_with.ts';

const quantize: Kernels['quantize'] = (real, params, output) =>
  void output.set(quantizeArray(real, params));

const reference: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };

const good: TierRoute = { tier: 'wasm', create: () => ({ ...REFERENCE_KERNELS, tier: 'wasm' }) };

/** Right on one thread, off by one in the second image of a run of two. */
const lyingOnThreads: TierRoute = {
  tier: 'native',
  instructionSet: 'sse',
  create: () => ({
    ...REFERENCE_KERNELS,
    tier: 'native',
    instructionSet: 'sse',
    quantize,
    measurePeak: () => 17,
    compile(program, { threads }) {
      const compiled = compileProgram(REFERENCE_KERNELS, program, { threads });
      return {
        ...compiled,
        threads,
        run(images, batch, results) {
          compiled.run(images, batch, results);
          if (threads > 1) results[0][results[0].length / batch] ^= 1;
        },
      };
    },
  }),
};

const missing: TierRoute = {
  tier: 'wasm',
  remedy: 'npm run build:wasm',
  create() {
    throw new Error('no such file');
  },
};

const unsupported: TierRoute = {
  tier: 'native',
  instructionSet: 'avx2',
  create: () => undefined,
};

/** Off by one in the last byte of a convolution. */
const lying: TierRoute = {
  tier: 'native',
  instructionSet: 'sse',
  create: () => ({
    ...REFERENCE_KERNELS,
    tier: 'native',
    instructionSet: 'sse',
    ...runWith('conv2d', ({ output }) => {
      output[output.length - 1] ^= 1;
    }),
  }),
};

describe('chooseKernels', () => {
  it('auto takes the first route that passes its self-test, without notes', () => {
    const { kernels, notes } = chooseKernels('auto', [good, reference]);
    assert.deepEqual([kernels.tier, notes], ['wasm', []]);
  });

  it('auto passes over a tier that does not load, and notes why', () => {
    const { kernels, notes } = chooseKernels('auto', [missing, reference]);
    assert.equal(kernels, REFERENCE_KERNELS);
    assert.deepEqual(notes, ['kernel tier wasm is not available: no such file']);
  });

  it('auto passes over kernels that lie, and notes where their bytes differ', () => {
    const { kernels, notes } = chooseKernels('auto', [lying, good, reference]);
    assert.equal(kernels.tier, 'wasm');
    assert.equal(notes.length, 1);
    assert.match(
      notes[0],
      /^kernel tier native sse is passed over: Expected the reference's byte \d+ at \d+ of "conv2d, first layer" in the self-test of native \(sse\) but received \d+$/,
    );
  });

  it('limits kernels to one thread that lie on two, and notes it', () => {
    assert.deepEqual(chooseKernels('auto', [lyingOnThreads, reference], 1).notes, []);
    const { kernels, notes } = chooseKernels('auto', [lyingOnThreads, reference], 3);
    assert.deepEqual([kernels.tier, kernels.instructionSet], ['native', 'sse']);
    assert.equal(kernels.measurePeak!(), 17);
    assert.deepEqual(notes, [`kernel tier native sse ${kernels.limitation}`]);
    assert.match(
      kernels.limitation!,
      /^runs on one thread: Expected the reference's byte \d+ at 0 of "conv2d, first layer" /,
    );
    const { program, image, titles } = knownCalls();
    const compiled = kernels.compile!(program, { threads: 2 });
    const results = program.outputs.map(({ length }) => new Uint8Array(length));
    compiled.run(image, 1, results);
    assert.equal(compiled.threads, 1);
    assert.equal(checksum(results[0]), KNOWN_ANSWERS[titles[0]]);
    selfTest(kernels);
  });

  it('auto says nothing of instruction sets that the processor lacks', () => {
    assert.deepEqual(chooseKernels('auto', [unsupported, good]).notes, []);
  });

  it('notes a tier that is missing as a whole once', () => {
    const sets = ['a', 'b'].map((instructionSet) => ({ ...missing, instructionSet }));
    const { notes } = chooseKernels('auto', [...sets, reference]);
    assert.deepEqual(notes, ['kernel tier wasm is not available: no such file']);
  });

  it('falls back within a tier that is asked for by name, and says so', () => {
    const scalar: TierRoute = { ...good, tier: 'native', instructionSet: 'scalar' };
    const { notes } = chooseKernels('native', [lying, reference, scalar]);
    assert.match(notes.join(), /^kernel tier native sse is passed over/);
  });

  it('refuses a tier that is asked for and not available, with the remedy', () => {
    assert.throws(
      () => chooseKernels('wasm', [missing, reference]),
      (error) =>
        error instanceof QuantizationError &&
        error.message === 'kernel tier wasm is not available: no such file' &&
        error.remedy === 'npm run build:wasm',
    );
  });

  it('refuses auto where nothing passes, without a remedy where there is none', () => {
    assert.throws(
      () => chooseKernels('auto', [lying]),
      (error) => error instanceof QuantizationError && error.remedy === undefined,
    );
  });

  it('refuses a name that is no tier', () => {
    assert.throws(() => chooseKernels('gpu' as TierName, [good, reference]), {
      name: 'QuantizationError',
      message: 'Expected "wasm", "reference" or "auto" for tier but received "gpu"',
    });
  });
});

describe('examineRoutes', () => {
  it('tells of each route what became of it', () => {
    const reports = examineRoutes([lying, unsupported, missing, reference]);
    assert.deepEqual(
      reports.map(({ name, state }) => [name, state]),
      [
        ['native sse', 'failed'],
        ['native avx2', 'unsupported'],
        ['wasm', 'missing'],
        ['reference', 'passed'],
      ],
    );
    const [failed, lacking, absent, passed] = reports;
    assert.ok(
      failed.state === 'failed' && /in the self-test of native \(sse\)/.test(failed.reason),
    );
    assert.deepEqual(lacking, {
      name: 'native avx2',
      tier: 'native',
      instructionSet: 'avx2',
      state: 'unsupported',
      reason: 'this processor has no avx2',
    });
    assert.deepEqual(absent, {
      name: 'wasm',
      tier: 'wasm',
      state: 'missing',
      reason: 'no such file',
      remedy: 'npm run build:wasm',
    });
    assert.ok(passed.state === 'passed' && passed.kernels === REFERENCE_KERNELS);
  });

  it('lists a tier that is missing as a whole once', () => {
    const sets = ['a', 'b'].map((instructionSet) => ({ ...missing, instructionSet }));
    assert.deepEqual(
      examineRoutes([...sets, reference]).map(({ name }) => name),
      ['wasm', 'reference'],
    );
  });
});
