/**
 * What a network that is written as code leaves in Keras' topologies: `x / 127.5 − 1` is two operations
 * with a constant each (TFOpLambda in Keras 2, a class an operation in Keras 3).
 */
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import {
  ABSOLUTE,
  approximateGelu,
  ERROR_FUNCTION,
  EXPONENTIAL,
  exactGelu,
  NEGATIVE,
  SQUARE,
  SQUARE_ROOT,
} from '../../architectures/graph/operations/functions.ts';
import type { ChannelAffine } from '../input_affine.ts';
import type { FlatLayer } from './flat_network.ts';
import { isTensors, type TensorRef } from './keras_topology.ts';
import { dtypeName, type Fields, numbersIn, plainValue } from './keras_values.ts';
import {
  type BuiltLayer,
  DIFFERENCE,
  functionLayer,
  type Rewritten,
  unsupportedLayer,
} from './rewrite_layer.ts';

type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide';

/** Functions of one value that a layer has by its activation. */
type Plain = 'sigmoid' | 'tanh' | 'swish' | 'softplus' | 'softsign' | 'elu' | 'selu';

type Operation =
  | Arithmetic
  | Plain
  | 'cast'
  | 'relu'
  | 'relu6'
  | 'softmax'
  | 'maximum'
  | 'minimum'
  | 'concatenate'
  | 'mean';

/** By the function of a TFOpLambda. */
const FUNCTIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['math.add', 'add'],
  ['__operators__.add', 'add'],
  ['math.subtract', 'subtract'],
  ['__operators__.sub', 'subtract'],
  ['math.multiply', 'multiply'],
  ['__operators__.mul', 'multiply'],
  ['math.divide', 'divide'],
  ['math.truediv', 'divide'],
  ['__operators__.truediv', 'divide'],
  ['cast', 'cast'],
  ['nn.relu', 'relu'],
  ['nn.relu6', 'relu6'],
  ['nn.softmax', 'softmax'],
  ['nn.sigmoid', 'sigmoid'],
  ['math.sigmoid', 'sigmoid'],
  ['nn.tanh', 'tanh'],
  ['math.tanh', 'tanh'],
  ['nn.silu', 'swish'],
  ['nn.swish', 'swish'],
  ['math.softplus', 'softplus'],
  ['nn.softsign', 'softsign'],
  ['nn.elu', 'elu'],
  ['nn.selu', 'selu'],
  ['math.maximum', 'maximum'],
  ['math.minimum', 'minimum'],
  ['concat', 'concatenate'],
  ['math.reduce_mean', 'mean'],
]);

/** By Keras 3's classes, some of which are called as layers are. */
const CLASSES: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['Add', 'add'],
  ['Subtract', 'subtract'],
  ['Multiply', 'multiply'],
  ['Divide', 'divide'],
  ['TrueDivide', 'divide'],
  ['Cast', 'cast'],
  ['Relu', 'relu'],
  ['Relu6', 'relu6'],
  ['Softmax', 'softmax'],
  ['Sigmoid', 'sigmoid'],
  ['Tanh', 'tanh'],
  ['Silu', 'swish'],
  ['Softplus', 'softplus'],
  ['SoftSign', 'softsign'],
  ['Selu', 'selu'],
  ['Maximum', 'maximum'],
  ['Minimum', 'minimum'],
  ['Concatenate', 'concatenate'],
  ['Mean', 'mean'],
]);

/** Functions of one value that TensorFlow.js has no activation for, by both. */
const EXPRESSIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['math.exp', EXPONENTIAL],
  ['math.sqrt', SQUARE_ROOT],
  ['math.square', SQUARE],
  ['math.abs', ABSOLUTE],
  ['math.negative', NEGATIVE],
  ['__operators__.neg', NEGATIVE],
  ['math.erf', ERROR_FUNCTION],
  ['Exp', EXPONENTIAL],
  ['Sqrt', SQUARE_ROOT],
  ['Square', SQUARE],
  ['Abs', ABSOLUTE],
  ['Absolute', ABSOLUTE],
  ['Negative', NEGATIVE],
  ['Erf', ERROR_FUNCTION],
]);

const OPERATION_MODULE = /^keras(\.src)?\.ops\./;
const FLOAT = /^b?float\d+$/;

/** Of two tensors, the layer that computes it. */
const PAIRS: Readonly<Partial<Record<Operation, BuiltLayer>>> = {
  add: { className: 'Add', config: {} },
  multiply: { className: 'Multiply', config: {} },
  subtract: DIFFERENCE,
  maximum: { className: 'Maximum', config: {} },
  minimum: { className: 'Minimum', config: {} },
};

export interface ReadOperation {
  readonly rewritten: Rewritten;
  readonly inputs: readonly TensorRef[];
}

/**
 * A layer that is an operation; undefined where it is none.
 * @throws UserError naming an operation that is not supported
 */
export function readOperation(layer: FlatLayer, path: string): ReadOperation | undefined {
  const { className, module, config, calls } = layer;
  const [call] = calls;
  const isLambda = className === 'TFOpLambda';
  const isOperation =
    isLambda ||
    (module !== undefined
      ? OPERATION_MODULE.test(module)
      : // The converter of TensorFlow.js leaves modules out.
        CLASSES.has(className) && call !== undefined && call.constants.size > 0);
  if (!isOperation) return undefined;
  const name = isLambda ? config.function : className;
  const operation =
    typeof name === 'string' ? (isLambda ? FUNCTIONS : CLASSES).get(name) : undefined;
  const expression = call && expressionOf(name, { ...config, ...call.kwargs });
  if ((operation ?? expression) === undefined || call === undefined || calls.length !== 1) {
    throw unsupportedLayer(
      layer,
      path,
      `the operation ${String(name)}; it has ${[...new Set(FUNCTIONS.values())].join(', ')}`,
    );
  }
  const { inputs, constants, kwargs } = call;
  const named = ['x', 'y', 'x1', 'x2'].map((key) => kwargs[key]);
  const tensors = [...inputs, ...named.filter(isTensors).flat()];
  const values = [...constants.values(), ...named.filter((value) => !isTensors(value))].filter(
    (value) => value !== undefined && value !== null,
  );
  if (expression !== undefined) {
    return {
      rewritten: { kind: 'layers', layers: [functionLayer(expression)] },
      inputs: tensors,
    };
  }
  switch (operation!) {
    case 'cast': {
      const type = dtypeName(kwargs.dtype ?? config.dtype ?? values[0]);
      if (type === undefined || !FLOAT.test(type)) {
        throw unsupportedLayer(layer, path, `a cast to ${type ?? 'an unknown type'}`);
      }
      return built('Activation', { activation: 'linear' }, tensors);
    }
    case 'relu':
      return built('ReLU', {}, tensors);
    case 'relu6':
      return built('ReLU', { max_value: 6 }, tensors);
    case 'softmax': {
      const axis = kwargs.axis ?? config.axis ?? values[0] ?? -1;
      return built('Softmax', { axis }, tensors);
    }
    case 'sigmoid':
    case 'tanh':
    case 'swish':
    case 'softplus':
    case 'softsign':
    case 'elu':
    case 'selu':
      return built('Activation', { activation: operation }, tensors);
    case 'concatenate': {
      const axis = kwargs.axis ?? config.axis ?? values[0];
      return built('Concatenate', { axis }, tensors);
    }
    case 'mean':
      return { rewritten: meanOfPixels(layer, path), inputs: tensors };
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
    case 'maximum':
    case 'minimum': {
      const pair = PAIRS[operation];
      if (tensors.length === 2 && pair !== undefined) {
        return { rewritten: { kind: 'layers', layers: [pair] }, inputs: tensors };
      }
      const numbers = values.length === 1 ? numbersIn(values[0]) : undefined;
      const isReversed = constants.has(0);
      const affine = numbers && affineOf(operation, numbers, isReversed);
      if (tensors.length !== 1 || affine === undefined) {
        throw unsupportedLayer(layer, path, `${operation} of what is no tensor and numbers`);
      }
      return { rewritten: { kind: 'affine', affine }, inputs: tensors };
    }
  }
}

function expressionOf(name: unknown, options: Fields): Activation | undefined {
  // Each has its own default.
  if (name === 'nn.gelu' || name === 'Gelu') {
    const { approximate = name === 'Gelu' } = options;
    return approximate === true ? approximateGelu() : exactGelu();
  }
  return typeof name === 'string' ? EXPRESSIONS.get(name) : undefined;
}

/** Over height and width. */
function meanOfPixels(layer: FlatLayer, path: string): Rewritten {
  const { config, calls } = layer;
  const { kwargs, constants } = calls[0];
  const axis = plainValue(kwargs.axis ?? config.axis ?? constants.get(1));
  const axes = (numbersIn(axis) ?? []).map((one) => (one < 0 ? one + 4 : one));
  if (axes.toSorted((a, b) => a - b).join() !== '1,2') {
    throw unsupportedLayer(layer, path, `the mean over ${JSON.stringify(axis) ?? 'all axes'}`);
  }
  const keepsAxes = (kwargs.keepdims ?? config.keepdims ?? false) === true;
  return {
    kind: 'layers',
    layers: [{ className: 'GlobalAveragePooling2D', config: keepsAxes ? { keepdims: true } : {} }],
  };
}

function built(
  className: string,
  config: Readonly<Record<string, unknown>>,
  inputs: readonly TensorRef[],
): ReadOperation {
  return { rewritten: { kind: 'layers', layers: [{ className, config }] }, inputs };
}

/** @param isReversed whether the constant comes first; c / x is none */
function affineOf(
  operation: Operation,
  values: readonly number[],
  isReversed: boolean,
): ChannelAffine | undefined {
  const ones = values.map(() => 1);
  const zeros = values.map(() => 0);
  switch (operation) {
    case 'add':
      return { scale: ones, offset: values };
    case 'subtract':
      return isReversed
        ? { scale: ones.map((one) => -one), offset: values }
        : { scale: ones, offset: values.map((value) => -value) };
    case 'multiply':
      return { scale: values, offset: zeros };
    case 'divide':
      if (isReversed) return undefined;
      return { scale: values.map((value) => 1 / value), offset: zeros };
    default:
      return undefined;
  }
}
