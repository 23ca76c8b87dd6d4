/** The runtimes, and the format that each of them reads; the first of a format is its default. */
export const RUNTIME_FORMATS = {
  litert: 'tflite',
  onnxruntime: 'onnx',
  'onnxruntime-node': 'onnx',
  cc: 'c',
} as const;
export type RuntimeName = keyof typeof RUNTIME_FORMATS;
export const RUNTIME_NAMES = Object.keys(RUNTIME_FORMATS) as RuntimeName[];
