import type { WasmMemory } from './webassembly.ts';

/** What assembly/index.ts exports; addresses and lengths in bytes. */
export interface WasmExports {
  readonly memory: WasmMemory;
  heapBase(): number;
  gatherRows(
    geometry: number,
    input: number,
    first: number,
    count: number,
    rows: number,
    rowBytes: number,
  ): void;
  gemm(
    rows: number,
    rowCount: number,
    pairs: number,
    filter: number,
    bias: number,
    columns: number,
    output: number,
    requantization: number,
  ): void;
  depthwise(
    geometry: number,
    input: number,
    filter: number,
    bias: number,
    taps: number,
    pairs: number,
    output: number,
    requantization: number,
  ): void;
  maxPool(geometry: number, input: number, low: number, high: number, output: number): void;
  averagePool(
    geometry: number,
    input: number,
    counts: number,
    low: number,
    high: number,
    output: number,
  ): void;
  requantizeBytes(bytes: number, length: number, zeroPoint: number, requantization: number): void;
  scatterRuns(from: number, to: number, runs: number, length: number, stride: number): void;
  repeatBytes(from: number, length: number, times: number, to: number): void;
}
