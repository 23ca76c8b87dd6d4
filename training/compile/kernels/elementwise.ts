/** Kernels whose output has the (broadcast) shape of their inputs. */
import * as tf from '@tensorflow/tfjs';
import { compiledDtype, dtypeAttribute } from '../attributes.ts';
import { mapValues } from '../map_values.ts';
import { type RecordedCall, type RecordKernel, typeOf } from './kernel.ts';

const UNARY: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Elu: 'Elu',
  Erf: 'Erf',
  Exp: 'Exp',
  Expm1: 'Expm1',
  Floor: 'Floor',
  Log: 'Log',
  Log1p: 'Log1p',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Relu6: 'Relu6',
  Round: 'Round',
  Rsqrt: 'Rsqrt',
  Selu: 'Selu',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Sinh: 'Sinh',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Square: 'Square',
  Tan: 'Tan',
  Tanh: 'Tanh',
  ZerosLike: 'ZerosLike',
  OnesLike: 'OnesLike',
};

const BINARY: Readonly<Record<string, string>> = {
  Add: 'AddV2',
  Atan2: 'Atan2',
  FloorDiv: 'FloorDiv',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  Mod: 'FloorMod',
  Multiply: 'Mul',
  Pow: 'Pow',
  RealDiv: 'RealDiv',
  SquaredDifference: 'SquaredDifference',
  Sub: 'Sub',
};

const COMPARISON: Readonly<Record<string, string>> = {
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterEqual',
  Less: 'Less',
  LessEqual: 'LessEqual',
  NotEqual: 'NotEqual',
};

const unary =
  (op: string): RecordKernel =>
  ({ inputs, trace }) => {
    const { x } = inputs;
    return trace.addOne(op, [x], typeOf(x), x.shape, x.dtype);
  };

const binary =
  (op: string, dtype?: tf.DataType): RecordKernel =>
  ({ inputs, trace }) => {
    const { a, b } = inputs;
    return trace.addOne(op, [a, b], typeOf(a), broadcastShape(a, b), dtype ?? a.dtype);
  };

const logical =
  (op: string): RecordKernel =>
  ({ inputs, trace }) => {
    const { a, b } = inputs;
    return trace.addOne(op, [a, b], {}, broadcastShape(a, b), 'bool');
  };

function broadcastShape(a: tf.TensorInfo, b: tf.TensorInfo): number[] {
  return tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
}

function cast({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  return castTo(x, attributes.dtype, trace);
}

export function castTo(
  x: tf.TensorInfo,
  dtype: tf.DataType,
  trace: RecordedCall['trace'],
): tf.TensorInfo {
  const types = {
    SrcT: dtypeAttribute(compiledDtype(x.dtype)),
    DstT: dtypeAttribute(compiledDtype(dtype)),
  };
  return trace.addOne('Cast', [x], types, x.shape, dtype);
}

function clipByValue({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const dtype = compiledDtype(x.dtype);
  const bounds = [attributes.clipValueMin, attributes.clipValueMax].map((bound: number) =>
    trace.scalar(bound, dtype),
  );
  return trace.addOne('ClipByValue', [x, ...bounds], typeOf(x), x.shape, x.dtype);
}

/** 1 where x > 0, NaN where x is NaN, `alpha` elsewhere. */
function step({ inputs, attributes, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  const { shape, dtype } = x;
  const [zero, one, alpha] = [0, 1, (attributes.alpha ?? 0) as number].map((value) =>
    trace.scalar(value, compiledDtype(dtype)),
  );
  const types = typeOf(x);
  const positive = trace.addOne('Greater', [x, zero], types, shape, 'bool');
  const numbers = trace.addOne('SelectV2', [positive, one, alpha], types, shape, dtype);
  if (dtype !== 'float32') return numbers;
  const nan = trace.addOne('IsNan', [x], types, shape, 'bool');
  return trace.addOne('SelectV2', [nan, x, numbers], types, shape, dtype);
}

function select({ inputs, trace }: RecordedCall): tf.TensorInfo {
  const [condition, yes, no] = [inputs.condition, inputs.t, inputs.e];
  // A condition of rank 1 chooses rows, as in TensorFlow 1's Select.
  return trace.addOne('Select', [condition, yes, no], typeOf(yes), yes.shape, yes.dtype);
}

function eluGrad({ inputs, trace }: RecordedCall): tf.TensorInfo {
  const { y } = inputs;
  return trace.addOne('EluGrad', [inputs.dy, y], typeOf(y), y.shape, y.dtype);
}

function logicalNot({ inputs, trace }: RecordedCall): tf.TensorInfo {
  const { x } = inputs;
  return trace.addOne('LogicalNot', [x], {}, x.shape, 'bool');
}

function addN({ inputs, trace }: RecordedCall): tf.TensorInfo {
  const terms = Object.values(inputs);
  const first = terms[0];
  return terms
    .slice(1)
    .reduce(
      (sum, term) => trace.addOne('AddV2', [sum, term], typeOf(first), first.shape, first.dtype),
      trace.alias(first),
    );
}

export const ELEMENTWISE: Readonly<Record<string, RecordKernel>> = {
  ...mapValues(UNARY, (op) => unary(op)),
  ...mapValues(BINARY, (op) => binary(op)),
  ...mapValues(COMPARISON, (op) => binary(op, 'bool')),
  LogicalAnd: logical('LogicalAnd'),
  LogicalOr: logical('LogicalOr'),
  LogicalNot: logicalNot,
  Identity: ({ inputs, trace }) => trace.alias(inputs.x),
  AddN: addN,
  Cast: cast,
  ClipByValue: clipByValue,
  EluGrad: eluGrad,
  Select: select,
  Step: step,
};
