import * as tf from '@tensorflow/tfjs';
import type { KernelCalls, KernelTable } from './inputs.ts';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Any float32 number, and those that are none. */
const real = (op: Unary): KernelCalls => ({
  '[2, 3]': ({ floats }) => op(floats),
  scalar: ({ scalar }) => op(scalar),
  'NaN, infinities and signed zeros': ({ special }) => op(special),
  'no values': ({ empty }) => op(empty),
});

const positive = (op: Unary): KernelCalls => ({
  ...real(op),
  'positive numbers': ({ positive }) => op(positive),
});

const unit = (op: Unary): KernelCalls => ({
  ...real(op),
  'numbers in (−1, 1)': ({ unit }) => op(unit),
});

const realOrInt = (op: Unary): KernelCalls => ({ ...real(op), int32: ({ ints }) => op(ints) });

const realBinary = (op: Binary): KernelCalls => ({
  'equal shapes': ({ floats, positive }) => op(floats, positive),
  'a row to a matrix': ({ floats, row }) => op(floats, row),
  'a matrix to a column': ({ column, floats }) => op(column, floats),
  'a row and a column': ({ row, column }) => op(row, column),
  'a scalar to a matrix': ({ scalar, floats }) => op(scalar, floats),
  'two scalars': ({ scalar }) => op(scalar, scalar),
  'NaN, infinities and signed zeros': ({ special, otherSpecial }) => op(special, otherSpecial),
  'no values': ({ empty, row }) => op(empty, row),
  'int32 with float32': ({ ints, row }) => op(ints, row),
});

const binary = (op: Binary): KernelCalls => ({
  ...realBinary(op),
  int32: ({ ints, otherInts }) => op(ints, otherInts),
});

const comparison = (op: Binary): KernelCalls => ({
  ...binary(op),
  'a matrix to itself': ({ floats }) => op(floats, floats),
});

const logical = (op: Binary): KernelCalls => ({
  'equal shapes': ({ bools }) => op(bools, bools.logicalNot()),
  'a row to a matrix': ({ bools, rowBools }) => op(bools, rowBools),
});

export const ELEMENTWISE_CASES: KernelTable = {
  Abs: realOrInt(tf.abs),
  Acos: unit(tf.acos),
  Acosh: positive(tf.acosh),
  Asin: unit(tf.asin),
  Asinh: real(tf.asinh),
  Atan: real(tf.atan),
  Atanh: unit(tf.atanh),
  Ceil: real(tf.ceil),
  Cos: real(tf.cos),
  Cosh: real(tf.cosh),
  Elu: real(tf.elu),
  Erf: real(tf.erf),
  Exp: real(tf.exp),
  Expm1: real(tf.expm1),
  Floor: real(tf.floor),
  Log: positive(tf.log),
  Log1p: positive(tf.log1p),
  Neg: realOrInt(tf.neg),
  Reciprocal: real(tf.reciprocal),
  Relu: realOrInt(tf.relu),
  Relu6: realOrInt(tf.relu6),
  Round: real(tf.round),
  Rsqrt: positive(tf.rsqrt),
  Selu: real(tf.selu),
  Sigmoid: real(tf.sigmoid),
  Sign: realOrInt(tf.sign),
  Sin: real(tf.sin),
  Sinh: real(tf.sinh),
  Softplus: real(tf.softplus),
  Sqrt: positive(tf.sqrt),
  Square: realOrInt(tf.square),
  Tan: real(tf.tan),
  Tanh: real(tf.tanh),
  ZerosLike: { ...realOrInt(tf.zerosLike), bool: ({ bools }) => tf.zerosLike(bools) },
  OnesLike: { ...realOrInt(tf.onesLike), bool: ({ bools }) => tf.onesLike(bools) },

  Add: binary(tf.add),
  Atan2: realBinary(tf.atan2),
  FloorDiv: {
    'int32, both signs': ({ ints, otherInts }) => tf.floorDiv(ints, otherInts),
    float32: ({ floats, positive }) => tf.floorDiv(floats, positive),
    'tf.div of int32': ({ ints, otherInts }) => tf.div(ints, otherInts),
  },
  Maximum: binary(tf.maximum),
  Minimum: binary(tf.minimum),
  Mod: {
    'int32, both signs': ({ ints, otherInts }) => tf.mod(ints, otherInts),
    'float32, both signs': ({ floats, unit }) => tf.mod(floats, unit),
    'a row to a matrix': ({ ints, indices }) => tf.mod(ints, indices.add(tf.scalar(1, 'int32'))),
  },
  Multiply: binary(tf.mul),
  Pow: {
    'positive bases': ({ positive, floats }) => tf.pow(positive, floats),
    'a scalar exponent': ({ floats }) => tf.pow(floats, 2),
    'a row to a matrix': ({ positive, row }) => tf.pow(positive, row),
    int32: ({ ints }) => tf.pow(ints, tf.scalar(3, 'int32')),
  },
  RealDiv: {
    'equal shapes': ({ floats, positive }) => tf.div(floats, positive),
    'a row to a matrix': ({ floats, row }) => tf.div(floats, row),
    'a scalar to a column': ({ scalar, column }) => tf.div(scalar, column),
    'NaN, infinities and signed zeros': ({ special, otherSpecial }) =>
      tf.div(special, otherSpecial),
    'int32 with float32': ({ ints, row }) => tf.div(ints, row),
  },
  SquaredDifference: binary(tf.squaredDifference),
  Sub: binary(tf.sub),

  Equal: { ...comparison(tf.equal), bool: ({ bools, rowBools }) => tf.equal(bools, rowBools) },
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  NotEqual: {
    ...comparison(tf.notEqual),
    bool: ({ bools, rowBools }) => tf.notEqual(bools, rowBools),
  },

  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  LogicalNot: { '[2, 3]': ({ bools }) => tf.logicalNot(bools) },

  Identity: {
    'tf.clone': ({ floats }) => tf.clone(floats),
    'of int32': ({ ints }) => tf.clone(ints),
  },
  AddN: {
    'one term': ({ floats }) => tf.addN([floats]),
    'three terms': ({ floats, positive, unit }) => tf.addN([floats, positive, unit]),
    'one term twice': ({ floats }) => tf.addN([floats, floats]),
    int32: ({ ints, otherInts }) => tf.addN([ints, otherInts]),
  },
  Cast: {
    'float32 to int32 truncates': ({ floats }) => tf.cast(floats, 'int32'),
    'float32 to bool': ({ row }) => tf.cast(row, 'bool'),
    'int32 to float32': ({ ints }) => tf.cast(ints, 'float32'),
    'int32 to bool': ({ ints }) => tf.cast(ints, 'bool'),
    'bool to int32': ({ bools }) => tf.cast(bools, 'int32'),
    'bool to float32': ({ bools }) => tf.cast(bools, 'float32'),
  },
  ClipByValue: {
    '[2, 3]': ({ floats }) => tf.clipByValue(floats, -1, 3),
    'NaN, infinities and signed zeros': ({ special }) => tf.clipByValue(special, -1, 3),
    int32: ({ ints }) => tf.clipByValue(ints, -3, 5),
  },
  EluGrad: real((x) => tf.grad((y) => tf.elu(y))(x)),
  Select: {
    'equal shapes': ({ bools, floats, positive }) => tf.where(bools, floats, positive),
    'a row chooses in each row': ({ rowBools, floats, unit }) => tf.where(rowBools, floats, unit),
    'a scalar otherwise': ({ bools, scalar, floats }) =>
      tf.where(bools, floats as tf.Tensor, scalar),
    int32: ({ bools, ints, otherInts }) => tf.where(bools, ints, otherInts),
  },
  Step: {
    ...real((x) => tf.step(x)),
    'another number for what is not positive': ({ floats }) => tf.step(floats, 0.25),
  },
};
