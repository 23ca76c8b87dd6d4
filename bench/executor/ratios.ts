import type { Setting } from './calls.ts';
import type { ExecutorRow, Ratios } from './record.ts';

const SINGLE: Setting = { threads: 1, batch: 1 };

/** How many times as fast ours is as the peers; of several instruction sets the fastest is ours. */
export function ratiosOf(rows: readonly ExecutorRow[]): Ratios {
  const native = fastestNative(rows);
  const by = (theirs: string, ours: string | undefined) =>
    quotient(latency(rows, theirs, SINGLE), latency(rows, ours, SINGLE));
  return {
    nativeToLiteRtUint8: by('LiteRT uint8', native),
    nativeToOrtUint8: by('ONNX Runtime u8u8 per tensor', native),
    nativeToLiteRtInt8: by('LiteRT int8', native),
    wasmToTfjsWasm: by('TensorFlow.js wasm float', 'tf8 wasm'),
    wasmToOrtWasm: by('ONNX Runtime Web u8u8 per tensor', 'tf8 wasm'),
    nativeTwoThreads: quotient(
      latency(rows, native, SINGLE),
      latency(rows, native, { threads: 2, batch: 1 }),
    ),
  };
}

/** Its name; undefined where there is none. */
export function fastestNative(rows: readonly ExecutorRow[]): string | undefined {
  return rows
    .filter(({ name, threads, batch }) => name.startsWith('tf8 native') && threads * batch === 1)
    .toSorted((a, b) => a.latencyMs - b.latencyMs)[0]?.name;
}

function latency(
  rows: readonly ExecutorRow[],
  name: string | undefined,
  { threads, batch }: Setting,
): number | undefined {
  return rows.find((row) => row.name === name && row.threads === threads && row.batch === batch)
    ?.latencyMs;
}

function quotient(theirs: number | undefined, ours: number | undefined): number | null {
  return theirs === undefined || ours === undefined ? null : Number((theirs / ours).toFixed(3));
}
