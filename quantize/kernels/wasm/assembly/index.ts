// The WASM tier: computing only. `../step.ts` and its neighbours check the calls, lay out the memory
// and pack the filters. Integers are exact, float arithmetic is IEEE single precision: see
// requantize.ts.

export { windowPairs3x3, windows3x3 } from './depthwise3x3';
export { multiplyTile } from './gemm';
export { multiplyInRegisters } from './peak';
export { runImage } from './program';
export { runStep } from './step';

/** First byte of memory that no static data occupies. */
export function heapBase(): usize {
  return __heap_base;
}
