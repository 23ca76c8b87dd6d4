import assert from 'node:assert/strict';
import type { Conv2dCall, TierName } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference/reference_kernels.ts';
import { availableTiers, selectKernels, type TierRoute } from '../../../quantize/kernels/select.ts';
import { selfTest } from '../../../quantize/kernels/self_test.ts';
import { readWasmFile } from '../../../quantize/kernels/wasm/load_wasm.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { skip } from '../../support/skip.ts';

const reference: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };

const missing: TierRoute = {
  tier: 'wasm',
  remedy: 'npm run build:wasm',
  create() {
    throw new Error('no such file');
  },
};

/** Off by one in the last byte of a convolution. */
const wrong: TierRoute = {
  tier: 'wasm',
  create: () => ({
    ...REFERENCE_KERNELS,
    tier: 'wasm',
    conv2d(call: Conv2dCall) {
      REFERENCE_KERNELS.conv2d(call);
      call.output[call.output.length - 1] ^= 1;
    },
  }),
};

describe('selectKernels', () => {
  it('auto takes the first tier that loads and passes its self-test, without notes', () => {
    const fast: TierRoute = {
      tier: 'wasm',
      create: () => ({ ...REFERENCE_KERNELS, tier: 'wasm' }),
    };
    const { kernels, tier, notes } = selectKernels('auto', [fast, reference]);
    assert.deepEqual([tier, kernels.tier, notes], ['wasm', 'wasm', []]);
  });

  it('auto passes over a tier that does not load, and notes why', () => {
    const { kernels, tier, notes } = selectKernels('auto', [missing, reference]);
    assert.equal(tier, 'reference');
    assert.equal(kernels, REFERENCE_KERNELS);
    assert.deepEqual(notes, ['kernel tier wasm is not available: no such file']);
  });

  it('auto passes over a tier that gives other bytes than the reference', () => {
    const { tier, notes } = selectKernels('auto', [wrong, reference]);
    assert.equal(tier, 'reference');
    assert.match(notes[0], /Expected the reference's byte 245 at 80 in the self-test of wasm/);
  });

  it('refuses a tier that is asked for and not available, with the remedy', () => {
    assert.throws(
      () => selectKernels('wasm', [missing, reference]),
      (error) =>
        error instanceof QuantizationError &&
        /tier wasm is not available: no such file/.test(error.message) &&
        error.remedy === 'npm run build:wasm',
    );
  });

  it('takes the reference when asked, whatever else there is', () => {
    assert.equal(selectKernels('reference', [wrong, reference]).tier, 'reference');
    assert.equal(selectKernels('reference').kernels, REFERENCE_KERNELS);
  });

  it('refuses auto where no tier is available', () => {
    assert.throws(() => selectKernels('auto', [missing]), /wasm is not available/);
  });

  it('refuses a name that is no tier', () => {
    assert.throws(
      () => selectKernels('gpu' as TierName),
      /Expected "native", "wasm", "reference" or "auto" for tier but received "gpu"/,
    );
  });
});

describe('availableTiers', () => {
  it('names each tier, and for one that is not available the reason and the remedy', () => {
    assert.deepEqual(availableTiers([missing, reference]), [
      { tier: 'wasm', available: false, reason: 'no such file (npm run build:wasm)' },
      { tier: 'reference', available: true },
    ]);
    assert.match(availableTiers([wrong])[0].reason ?? '', /self-test of wasm/);
  });

  it('has wasm wherever its module was built', function () {
    try {
      readWasmFile();
    } catch {
      return skip(this, 'no module was built here');
    }
    const wasm = availableTiers().find(({ tier }) => tier === 'wasm');
    assert.deepEqual(wasm, { tier: 'wasm', available: true });
  });

  it('always has the reference', () => {
    assert.ok(availableTiers().some(({ tier, available }) => tier === 'reference' && available));
  });
});

describe('selfTest', () => {
  it('has bytes at both bounds and between them', () => {
    let output: Uint8Array = new Uint8Array();
    selfTest({
      ...REFERENCE_KERNELS,
      conv2d(call) {
        REFERENCE_KERNELS.conv2d(call);
        output = call.output;
      },
    });
    assert.ok(output.includes(10) && output.includes(245) && new Set(output).size > 20);
  });
});
