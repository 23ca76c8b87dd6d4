// The WASM tier: computing only. `../wasm_kernels.ts` checks the calls, lays out the memory and packs the
// filters. Integers are exact, float arithmetic is IEEE single precision: see requantize.ts.

export { repeatBytes, requantizeBytes, scatterRuns } from './concat';
export { depthwise } from './depthwise';
export { gatherRows, gemm } from './gemm';
export { averagePool, maxPool } from './pool';

/** First byte of memory that no static data occupies. */
export function heapBase(): usize {
  return __heap_base;
}
