/**
 * The slots of the TFLite schema (tensorflow/lite/schema/schema.fbs, version 3) that are read and
 * written here, and the numbers of its enums; the same in TensorFlow 2.15 and LiteRT 2.3.
 */
import type { FlatSchema } from './flat_buffer.ts';

export const FILE_IDENTIFIER = 'TFL3';
export const SCHEMA_VERSION = 3;

export const MODEL = {
  version: [0, 'int32'],
  operatorCodes: [1, 'tables'],
  subgraphs: [2, 'tables'],
  description: [3, 'string'],
  buffers: [4, 'tables'],
  metadata: [6, 'tables'],
  signatureDefs: [7, 'tables'],
} as const satisfies FlatSchema;

export const OPERATOR_CODE = {
  deprecatedBuiltinCode: [0, 'int8'],
  customCode: [1, 'string'],
  version: [2, 'int32'],
  builtinCode: [3, 'int32'],
} as const satisfies FlatSchema;

export const SUBGRAPH = {
  tensors: [0, 'tables'],
  inputs: [1, 'int32s'],
  outputs: [2, 'int32s'],
  operators: [3, 'tables'],
  name: [4, 'string'],
} as const satisfies FlatSchema;

export const TENSOR = {
  shape: [0, 'int32s'],
  type: [1, 'int8'],
  buffer: [2, 'int32'],
  name: [3, 'string'],
  quantization: [4, 'table'],
  isVariable: [5, 'bool'],
  sparsity: [6, 'table'],
} as const satisfies FlatSchema;

export const QUANTIZATION = {
  scale: [2, 'float32s'],
  zeroPoint: [3, 'int64s'],
  /** Of a scale for each index of one axis: the axis. */
  quantizedDimension: [6, 'int32'],
} as const satisfies FlatSchema;

export const BUFFER = { data: [0, 'bytes'] } as const satisfies FlatSchema;

export const METADATA = { name: [0, 'string'], buffer: [1, 'int32'] } as const satisfies FlatSchema;

export const SIGNATURE = {
  inputs: [0, 'tables'],
  outputs: [1, 'tables'],
  key: [2, 'string'],
} as const satisfies FlatSchema;

export const SIGNATURE_TENSOR = {
  name: [0, 'string'],
  tensorIndex: [1, 'int32'],
} as const satisfies FlatSchema;

export const OPERATOR = {
  opcodeIndex: [0, 'int32'],
  inputs: [1, 'int32s'],
  outputs: [2, 'int32s'],
  builtinOptionsType: [3, 'int8'],
  builtinOptions: [4, 'table'],
} as const satisfies FlatSchema;

/** An operator's number, its options' type in the union BuiltinOptions, and their fields. */
export interface OperatorKind {
  readonly code: number;
  readonly optionsType: number;
  readonly options: FlatSchema;
  /** The first that has what is written; 1 unless given. */
  readonly version?: number;
}

export const CONV_2D = {
  code: 3,
  optionsType: 1,
  options: {
    padding: [0, 'int8'],
    strideWidth: [1, 'int32'],
    strideHeight: [2, 'int32'],
    activation: [3, 'int8'],
    dilationWidth: [4, 'int32'],
    dilationHeight: [5, 'int32'],
  },
} as const satisfies OperatorKind;

export const DEPTHWISE_CONV_2D = {
  code: 4,
  optionsType: 2,
  options: {
    padding: [0, 'int8'],
    strideWidth: [1, 'int32'],
    strideHeight: [2, 'int32'],
    depthMultiplier: [3, 'int32'],
    activation: [4, 'int8'],
    dilationWidth: [5, 'int32'],
    dilationHeight: [6, 'int32'],
  },
} as const satisfies OperatorKind;

export const TRANSPOSE_CONV = {
  code: 67,
  optionsType: 49,
  options: {
    padding: [0, 'int8'],
    strideWidth: [1, 'int32'],
    strideHeight: [2, 'int32'],
    activation: [3, 'int8'],
  },
  version: 4,
} as const satisfies OperatorKind;

export const PRELU = { code: 54, optionsType: 0, options: {} } as const satisfies OperatorKind;

const POOL_2D = {
  optionsType: 5,
  options: {
    padding: [0, 'int8'],
    strideWidth: [1, 'int32'],
    strideHeight: [2, 'int32'],
    filterWidth: [3, 'int32'],
    filterHeight: [4, 'int32'],
    activation: [5, 'int8'],
  },
} as const;
export const AVERAGE_POOL_2D = { code: 1, ...POOL_2D } as const satisfies OperatorKind;
export const MAX_POOL_2D = { code: 17, ...POOL_2D } as const satisfies OperatorKind;

export const CONCATENATION = {
  code: 2,
  optionsType: 10,
  options: { axis: [0, 'int32'] },
} as const satisfies OperatorKind;

const ELEMENTWISE = { activation: [0, 'int8'] } as const;
export const ADD = {
  code: 0,
  optionsType: 11,
  options: ELEMENTWISE,
} as const satisfies OperatorKind;
export const SUB = {
  code: 41,
  optionsType: 28,
  options: ELEMENTWISE,
} as const satisfies OperatorKind;
export const MUL = {
  code: 18,
  optionsType: 21,
  options: ELEMENTWISE,
} as const satisfies OperatorKind;

export const CAST = {
  code: 53,
  optionsType: 37,
  options: { from: [0, 'int8'], to: [1, 'int8'] },
} as const satisfies OperatorKind;
export const GATHER = {
  code: 36,
  optionsType: 23,
  options: { axis: [0, 'int32'] },
} as const satisfies OperatorKind;

export const FULLY_CONNECTED = {
  code: 9,
  optionsType: 8,
  options: { activation: [0, 'int8'] },
} as const satisfies OperatorKind;

export const RESHAPE = {
  code: 22,
  optionsType: 17,
  options: { newShape: [0, 'int32s'] },
} as const satisfies OperatorKind;

export const PAD = { code: 34, optionsType: 22, options: {} } as const satisfies OperatorKind;

export const TRANSPOSE = { code: 39, optionsType: 26, options: {} } as const satisfies OperatorKind;

export const SLICE = { code: 65, optionsType: 48, options: {} } as const satisfies OperatorKind;

export const STRIDED_SLICE = {
  code: 45,
  optionsType: 32,
  options: {},
} as const satisfies OperatorKind;

const BLOCKS = { blockSize: [0, 'int32'] } as const;
export const SPACE_TO_DEPTH = {
  code: 26,
  optionsType: 19,
  options: BLOCKS,
} as const satisfies OperatorKind;
export const DEPTH_TO_SPACE = {
  code: 5,
  optionsType: 94,
  options: BLOCKS,
} as const satisfies OperatorKind;

export const RESIZE_NEAREST_NEIGHBOR = {
  code: 97,
  optionsType: 74,
  options: { alignCorners: [0, 'bool'], halfPixelCenters: [1, 'bool'] },
} as const satisfies OperatorKind;

const EXTREME = { optionsType: 39, options: {} } as const;
export const MAXIMUM = { code: 55, ...EXTREME } as const satisfies OperatorKind;
export const MINIMUM = { code: 57, ...EXTREME } as const satisfies OperatorKind;

export const SOFTMAX = {
  code: 25,
  optionsType: 9,
  options: { beta: [0, 'float32'] },
} as const satisfies OperatorKind;

export const RESIZE_BILINEAR = {
  code: 23,
  optionsType: 15,
  options: { alignCorners: [2, 'bool'], halfPixelCenters: [3, 'bool'] },
} as const satisfies OperatorKind;

/** Options of operators that are read only. */
export const FULLY_CONNECTED_SHAPE = { keepDims: [2, 'bool'] } as const satisfies FlatSchema;
export const CONCATENATION_ACTIVATION = { activation: [1, 'int8'] } as const satisfies FlatSchema;
export const REDUCER = { keepDims: [0, 'bool'] } as const satisfies FlatSchema;
export const BLOCK = { size: [0, 'int32'] } as const satisfies FlatSchema;
export const LEAKY_RELU_SLOPE = { alpha: [0, 'float32'] } as const satisfies FlatSchema;
export const STRIDED_SLICE_MASKS = {
  begin: [0, 'int32'],
  end: [1, 'int32'],
  ellipsis: [2, 'int32'],
  newAxis: [3, 'int32'],
  shrinkAxis: [4, 'int32'],
  isOffset: [5, 'bool'],
} as const satisfies FlatSchema;
export const PACK = { axis: [1, 'int32'] } as const satisfies FlatSchema;
export const UNPACK = { axis: [1, 'int32'] } as const satisfies FlatSchema;
export const FAKE_QUANT_RANGE = {
  min: [0, 'float32'],
  max: [1, 'float32'],
} as const satisfies FlatSchema;
/** 0: reflect, 1: symmetric */
export const MIRROR_PAD_MODE = { mode: [0, 'int8'] } as const satisfies FlatSchema;
export const GELU_KIND = { approximate: [0, 'bool'] } as const satisfies FlatSchema;

/** enum TensorType */
export const TENSOR_TYPE = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  string: 5,
  bool: 6,
  int16: 7,
  complex64: 8,
  int8: 9,
  float64: 10,
  complex128: 11,
  uint64: 12,
  resource: 13,
  variant: 14,
  uint32: 15,
  uint16: 16,
  int4: 17,
} as const;

/** enum Padding */
export const PADDING = { same: 0, valid: 1 } as const;

/** enum ActivationFunctionType */
export const ACTIVATION = {
  linear: 0,
  relu: 1,
  reluN1To1: 2,
  relu6: 3,
  tanh: 4,
  signBit: 5,
} as const;
