/** The formats of exports, each in a line: apart from what writes them, so that a list loads none. */
export const FORMAT_DESCRIPTIONS = {
  tflite: 'uint8 model for LiteRT (TensorFlow Lite), with metadata and labels',
  'tflite-int8':
    'the same numbers as int8, less 128, for LiteRT and chips that take int8; of symmetric weights, one scale or one a channel',
  onnx: 'QDQ model of opset 13 for ONNX Runtime and others, weights as uint8',
  'onnx-int8': 'the same numbers as int8, less 128, weights too',
  qonnx: 'ONNX in real numbers with Quant nodes, for FINN, hls4ml and others of QONNX',
  encodings:
    'JSON of parameters in the form of AIMET, version 0.6.1, and, of a float model, FILE.onnx, the folded float network',
  'encodings-1': 'the same in version 1.0.0 of that form',
  'encodings-2': 'the same in version 2.0.0, which follows QuantizeLinear, biases too',
  npz: 'arrays for NumPy: weights, biases, scales and zero points, by layer',
  c: 'library of C99 for microcontrollers, NAME.c and NAME.h, and NAME_main.c, a program that runs it on an image',
  csv: 'table of the layers: shapes, scales, zero points, multipliers and shifts, MACs, bytes',
} as const;

export type FormatName = keyof typeof FORMAT_DESCRIPTIONS;

/** As a list shows them. */
export const FORMAT_NAMES = Object.keys(FORMAT_DESCRIPTIONS) as FormatName[];
