import assert from 'node:assert/strict';
import fc from 'fast-check';
import { messageOf } from '../../../../checkpoints/artifacts/errors.ts';
import { INSTRUCTION_SETS, type NativeAddon } from '../../../../quantize/kernels/native/addon.ts';
import {
  fastestNativeKernels,
  loadNativeAddon,
} from '../../../../quantize/kernels/native/load_native.ts';
import { createNativeKernels } from '../../../../quantize/kernels/native/native_kernels.ts';
import { quantizeArray } from '../../../../quantize/params/quantization.ts';
import { skip } from '../../../support/skip.ts';
import { randomModels } from '../../model/random_models.ts';
import { CASES } from '../cases.ts';
import { RANDOM_CALLS, WIDE_CALLS } from '../random_calls.ts';
import { assertEqual, assertNetworksEqual } from './equal.ts';

let addon: NativeAddon | undefined;
let reason = '';
try {
  addon = loadNativeAddon();
} catch (error) {
  reason = messageOf(error);
}

for (const instructionSet of INSTRUCTION_SETS) {
  describe(`native kernels with ${instructionSet}`, () => {
    const kernels = () => createNativeKernels(addon!, instructionSet);
    before(function () {
      if (addon === undefined) return skip(this, reason);
      if (!addon.supportedIsas().includes(instructionSet)) {
        skip(this, `this processor has no ${instructionSet}`);
      }
    });

    it('give the bytes of the reference on the case table', () => {
      for (const kernelCase of CASES) assertEqual(kernels(), kernelCase);
    });

    it('give the bytes of the reference for random calls, narrower than a vector', () => {
      for (const calls of Object.values(RANDOM_CALLS)) {
        fc.assert(
          fc.property(calls, (kernelCall) => assertEqual(kernels(), kernelCall)),
          { numRuns: 100 },
        );
      }
    });

    it('give the bytes of the reference for random calls, wider than a panel', () => {
      for (const calls of Object.values(WIDE_CALLS)) {
        fc.assert(
          fc.property(calls, (kernelCall) => assertEqual(kernels(), kernelCall)),
          { numRuns: 100 },
        );
      }
    });

    for (const threads of [1, 2, 3]) {
      it(`run whole networks on ${threads} threads: rows of one image, images of a batch`, () => {
        fc.assert(
          fc.property(randomModels({ withEveryOp: true }), (model) =>
            assertNetworksEqual(model, kernels(), threads),
          ),
          { numRuns: 25 },
        );
      });
    }
  });
}

describe('fastestNativeKernels', () => {
  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('takes the fastest instruction set that the processor has', () => {
    assert.equal(fastestNativeKernels(addon).instructionSet, addon!.supportedIsas().at(-1));
  });

  it('passes over instruction sets that fail the self-test', () => {
    const broken: NativeAddon = {
      ...addon!,
      supportedIsas: () => addon!.supportedIsas(),
      createOp(kind, isa, ...rest) {
        if (isa > 0) throw new Error('wrong bytes');
        return addon!.createOp(kind, isa, ...rest);
      },
    };
    assert.equal(fastestNativeKernels(broken).instructionSet, 'scalar');
  });

  it('refuses, with every reason, where none passes', () => {
    const broken: NativeAddon = {
      ...addon!,
      createOp() {
        throw new Error('wrong bytes');
      },
    };
    assert.throws(() => fastestNativeKernels(broken), {
      name: 'QuantizationError',
      message: /No instruction set passes the self-test:\n(.*: wrong bytes\n?)+$/,
    });
  });
});

describe('createNativeKernels', () => {
  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('refuses an instruction set that the processor lacks', () => {
    const old: NativeAddon = { ...addon!, supportedIsas: () => ['scalar'] };
    assert.throws(() => createNativeKernels(old, 'avx2'), {
      name: 'QuantizationError',
      message: 'Expected one of scalar for instructionSet but received avx2 of type string',
    });
  });

  it('refuses sizes that its int32 arithmetic cannot hold', () => {
    const call = {
      input: new Uint8Array(1),
      inputShape: [1, 1, 1, 1],
      inputZeroPoint: 0,
      filter: new Uint8Array(1),
      filterShape: [1, 1, 1, 1],
      filterZeroPoint: 0,
      bias: new Int32Array(1),
      strides: [2 ** 32, 1],
      padding: { top: 2 ** 31, bottom: 0, left: 0, right: 0 },
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(1),
      outputShape: [1, 1, 1, 1],
    } as const;
    assert.throws(() => createNativeKernels(addon!).conv2d(call), {
      name: 'QuantizationError',
      message: /^Expected at most \d+ for a size but received 2147483648/,
    });
  });
});

describe('quantize of the native kernels', () => {
  const quantize = (real: Float32Array, params: { scale: number; zeroPoint: number }) => {
    const output = new Uint8Array(real.length);
    createNativeKernels(addon!).quantize!(real, params, output);
    return output;
  };

  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('gives the bytes of quantizeArray, at ties, at the bounds and beyond them', () => {
    const value = fc.oneof(
      fc.integer({ min: -600, max: 600 }).map((halves) => halves / 2),
      fc.float({ noNaN: true }),
    );
    const scale = fc.oneof(
      fc.constantFrom(1, 0.25),
      fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value), scale, fc.nat(255), (values, scale, zeroPoint) => {
        const real = Float32Array.from(values);
        const scaled = Float32Array.from(values, (x) => x * scale);
        for (const each of [real, scaled]) {
          assert.deepEqual(
            quantize(each, { scale, zeroPoint }),
            quantizeArray(each, { scale, zeroPoint }),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what quantizeArray refuses, in the same words', () => {
    assert.throws(() => quantize(Float32Array.of(0, Number.NaN), { scale: 1, zeroPoint: 0 }), {
      name: 'QuantizationError',
      message: /element 1 of the values to quantize but received NaN/,
    });
    assert.throws(() => quantize(new Float32Array(1), { scale: 1, zeroPoint: 256 }), {
      name: 'QuantizationError',
      message: /for zeroPoint but received 256/,
    });
  });
});

describe('loadNativeAddon', () => {
  it('names the file that is missing, and the remedy', () => {
    assert.throws(() => loadNativeAddon('/nowhere/kernels.node'), {
      name: 'QuantizationError',
      message: 'Expected the compiled native kernels at /nowhere/kernels.node',
      remedy: 'npm run build:native; it needs a C compiler',
    });
  });
});
