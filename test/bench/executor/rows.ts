import { type ExecutorRecord, type ExecutorRow, NETWORK } from '../../../bench/executor/record.ts';

/** A row made up for a test. */
export function row(name: string, latencyMs: number, threads = 1, batch = 1): ExecutorRow {
  return { name, threads, batch, latencyMs, fastestMs: latencyMs, calls: 10 };
}

/** A measurement made up for a test. */
export const RECORD: ExecutorRecord = {
  date: '2026-01-02',
  kind: 'avx2',
  environment: {
    tf8: '0.1.0',
    commit: '0123456789abcdef',
    node: '20.0.0',
    backend: 'tensorflow 2.15.1',
    processor: 'A processor',
    threads: 2,
  },
  network: NETWORK,
  content: 'photographs',
  images: 16,
  rounds: 3,
  secondsPerTurn: 0.1,
  rows: [
    row('tf8 native avx2', 4),
    row('tf8 native avx2', 2, 2),
    row('tf8 native avx2', 64, 1, 16),
    row('tf8 reference', 3000),
    row('LiteRT uint8', 10),
  ],
  ratios: {
    nativeToLiteRtUint8: 2.5,
    nativeToOrtUint8: null,
    nativeToLiteRtInt8: null,
    wasmToTfjsWasm: null,
    wasmToOrtWasm: null,
    nativeTwoThreads: 2,
  },
  peers: [{ name: 'LiteRT uint8', version: '2.3.0', top1Agreement: 0.75, logitsCorrelation: 0.9 }],
  leftOut: [{ name: 'tf8 native avxvnni', reason: 'this processor has no avxvnni' }],
  profiles: [
    {
      name: 'tf8 native avx2',
      peakGmacPerSecond: 90,
      layers: [
        { layer: 'Conv2d_0', op: 'conv2d', milliseconds: 0.25, macs: 9_000_000 },
        { layer: 'AvgPool_1a', op: 'globalAveragePool', milliseconds: 0.05, macs: 0 },
      ],
    },
  ],
};
