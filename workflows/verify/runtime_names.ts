import type { FormatName } from '../../quantize/export/format_names.ts';

/** The runtimes, and the formats that each of them reads; the first of a format is its default. */
export const RUNTIME_FORMATS = {
  litert: ['tflite', 'tflite-int8'],
  'tflite-micro': ['tflite-int8'],
  onnxruntime: ['onnx', 'onnx-int8'],
  'onnxruntime-node': ['onnx'],
  qonnx: ['qonnx'],
  cc: ['c'],
} as const satisfies Readonly<Record<string, readonly FormatName[]>>;
export type RuntimeName = keyof typeof RUNTIME_FORMATS;
export const RUNTIME_NAMES = Object.keys(RUNTIME_FORMATS) as RuntimeName[];

/** The runtimes that read a format. */
export function runtimesOf(format: string): readonly RuntimeName[] {
  return RUNTIME_NAMES.filter((name) =>
    (RUNTIME_FORMATS[name] as readonly string[]).includes(format),
  );
}
