import assert from 'node:assert/strict';
import { INSTRUCTION_SETS } from '../../../quantize/kernels/native/addon.ts';
import { loadNativeAddon } from '../../../quantize/kernels/native/load_native.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { examineTiers, selectKernels } from '../../../quantize/kernels/select.ts';
import { readWasmFile } from '../../../quantize/kernels/wasm/load_wasm.ts';
import { skip } from '../../support/skip.ts';

/** Whether something works; the reason is the test's that needs it. */
function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

describe('examineTiers', () => {
  it('lists compiled vectors first, then WebAssembly, compiled scalars and the reference', function () {
    if (!works(loadNativeAddon)) skip(this, 'no addon was built here');
    const names = examineTiers().map(({ name }) => name);
    const vectors = INSTRUCTION_SETS.filter((set) => set !== 'scalar').reverse();
    const expected = [...vectors.map((set) => `native ${set}`), 'wasm', 'native scalar'];
    assert.deepEqual(names, [...expected, 'reference']);
  });

  it('finds what was built, and no kernels that lie', () => {
    const reports = examineTiers();
    const built = { native: works(loadNativeAddon), wasm: works(readWasmFile), reference: true };
    for (const [tier, isBuilt] of Object.entries(built)) {
      const states = reports.filter((report) => report.tier === tier).map(({ state }) => state);
      assert.ok(!states.includes('failed'), `${tier}: ${states}`);
      assert.equal(states.includes('passed'), isBuilt, `${tier}: ${states}`);
    }
  });
});

describe('selectKernels', () => {
  it('auto takes the first of examineTiers that passed', () => {
    const first = examineTiers().find(({ state }) => state === 'passed')!;
    const { tier, instructionSet } = selectKernels('auto').kernels;
    assert.deepEqual([tier, instructionSet], [first.tier, first.instructionSet]);
  });

  it('takes the reference when asked, whatever else there is', () => {
    assert.deepEqual(selectKernels('reference'), { kernels: REFERENCE_KERNELS, notes: [] });
  });
});
