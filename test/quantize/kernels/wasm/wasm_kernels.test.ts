import assert from 'node:assert/strict';
import { REFERENCE_KERNELS } from '../../../../quantize/kernels/reference.ts';
import { examineTiers } from '../../../../quantize/kernels/select.ts';
import { readWasmFile } from '../../../../quantize/kernels/wasm/load_wasm.ts';
import { createWasmKernels } from '../../../../quantize/kernels/wasm/wasm_kernels.ts';
import { compile } from '../../../../quantize/kernels/wasm/webassembly.ts';
import { convolution, fullyConnected } from '../make_call.ts';
import { assertSameBytes, run } from '../run_case.ts';

const wasm = examineTiers().find(({ tier }) => tier === 'wasm')!;
const skipped = wasm.state === 'passed' ? '' : ` (skipped: ${wasm.reason})`;

const PLACEMENT = {
  inputShape: [1, 6, 6, 4],
  windowShape: [3, 3],
  strides: [1, 1],
  padding: { top: 1, bottom: 1, left: 1, right: 1 },
} as const;

describe(`createWasmKernels${skipped}`, () => {
  before(function () {
    if (skipped) this.skip();
  });

  it('takes bytes, and a compiled module for several instances', () => {
    const module = compile(readWasmFile());
    const call = fullyConnected([3, 5, 9]);
    const expected = run(REFERENCE_KERNELS, call);
    for (const source of [module, module, readWasmFile(), readWasmFile().buffer]) {
      assertSameBytes(call, run(createWasmKernels(source), call), expected);
    }
  });

  it('refuses bytes that are no module with the error of the engine', () => {
    assert.throws(() => createWasmKernels(Uint8Array.of(1, 2, 3)), { name: 'CompileError' });
  });

  it('tells a filter of a depthwise convolution from the same bytes in a full one', () => {
    const kernels = createWasmKernels(readWasmFile());
    const full = convolution('conv2d', { ...PLACEMENT, filters: 3 });
    const depthwise = convolution('depthwiseConv2d', { ...PLACEMENT, filters: 3 });
    assert.ok(full.op === 'conv2d' && depthwise.op === 'depthwiseConv2d');
    const shared = { op: depthwise.op, call: { ...depthwise.call, filter: full.call.filter } };
    for (const call of [full, shared, full]) {
      assertSameBytes(call, run(kernels, call), run(REFERENCE_KERNELS, call));
    }
  });

  it('packs again what a small filter cache has forgotten', () => {
    const kernels = createWasmKernels(readWasmFile(), { filterCacheBytes: 1000 });
    const calls = [1, 2, 3].map((seed) => fullyConnected([2, 20, 11], { seed }));
    for (const call of [...calls, ...calls]) {
      assertSameBytes(call, run(kernels, call), run(REFERENCE_KERNELS, call));
    }
  });

  it('works on after a call that was refused for lack of memory', () => {
    const kernels = createWasmKernels(readWasmFile(), { maximumBytes: 2 ** 19 });
    const large = fullyConnected([1, 600, 1000]);
    assert.throws(() => run(kernels, large), /at most 524288 bytes of WASM memory/);
    const small = fullyConnected([2, 20, 11]);
    assertSameBytes(small, run(kernels, small), run(REFERENCE_KERNELS, small));
  });
});
