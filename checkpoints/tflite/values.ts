/** Operators on each value, or on many: functions, sums and products, means. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import {
  approximateGelu,
  CUBE,
  clamp,
  exactGelu,
  ofAffine,
  SQUARE,
} from '../../architectures/graph/operations/functions.ts';
import { NO_PADDING } from '../../architectures/graph/window.ts';
import type { FlatSchema } from '../../foundation/flatbuffers/flat_buffer.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import { type Pairwise, pairwiseMap } from '../pairwise_map.ts';
import type { GraphDraft } from './graph_draft.ts';
import {
  addFunction,
  addWith,
  baseOf,
  constantOf,
  fused,
  inputOf,
  type ReadOperator,
  withRange,
} from './reading.ts';
import type { TfliteOperator } from './tflite_file.ts';

export function prelu(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const { shape, values } = constantOf(operator, draft, 1, 'slopes');
  const missing = Math.max(0, input.shape.length - shape.length);
  // The batch in front may be one of its sides.
  const own = [...Array<number>(missing).fill(1), ...shape].slice(-input.shape.length);
  draft.add(operator.outputs[0], {
    ...baseOf(operator, draft, [input]),
    op: 'prelu',
    alpha: values,
    alphaShape: own,
  });
}

/** Over any axes but the batch's. */
export function reduction(op: 'mean' | 'sum'): ReadOperator {
  return (operator, draft) => {
    const input = inputOf(operator, draft);
    const rank = input.shape.length + 1;
    const { values } = constantOf(operator, draft, 1, 'axes');
    const axes = [...new Set([...values].map((axis) => (axis < 0 ? axis + rank : axis)))].sort();
    if (axes.length === 0 || axes.some((axis) => !(axis >= 1 && axis < rank))) {
      throw draft.unsupported(
        operator,
        `the ${op} over the axes ${axes.join(', ')} of [N,${input.shape}]; the images stay apart`,
      );
    }
    const keepDims = operator.options(schema.REDUCER, 'keepDims') !== 0;
    const base = {
      ...baseOf(operator, draft, [input]),
      ...(keepDims && { keepDims }),
    };
    const isImage = op === 'mean' && rank === 4 && axes.join() === '1,2';
    const node: FloatNode = isImage
      ? { ...base, op: 'globalAveragePool' }
      : { ...base, op, axes: axes.map((axis) => axis - 1) };
    draft.add(operator.outputs[0], node);
  };
}

/** Over the image, by a window as large. */
export function greatest(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const axes = [...constantOf(operator, draft, 1, 'axes').values].map((axis) => (axis + 4) % 4);
  if (input.shape.length !== 3 || axes.sort().join() !== '1,2') {
    throw draft.unsupported(operator, `the greatest over the axes ${axes} of [N,${input.shape}]`);
  }
  const [height, width, channels] = input.shape;
  const base = baseOf(operator, draft, [input]);
  const pooled = { ...base, op: 'maxPool2d', padding: NO_PADDING, strides: [1, 1] } as const;
  const windowShape = [height, width] as const;
  const [output] = operator.outputs;
  if (operator.options(schema.REDUCER, 'keepDims') !== 0) {
    draft.add(output, { ...pooled, windowShape });
    return;
  }
  const name = `${base.name}/pool`;
  draft.add(
    output,
    { ...pooled, name, windowShape },
    { ...base, inputs: [name], op: 'reshape', target: [channels] },
  );
}

/** By a constant of 2 or 3. */
export function power(operator: TfliteOperator, draft: GraphDraft): void {
  const { values } = constantOf(operator, draft, 1, 'exponents');
  const [exponent] = values;
  if (values.length !== 1 || (exponent !== 2 && exponent !== 3)) {
    throw draft.unsupported(operator, `the power ${values}; it has 2 and 3`);
  }
  addFunction(operator, draft, exponent === 2 ? SQUARE : CUBE);
}

/** The range that training kept to; its steps are dropped, as those of a quantized file are. */
export function fakeQuant(operator: TfliteOperator, draft: GraphDraft): void {
  const end = (name: 'min' | 'max') => operator.options(schema.FAKE_QUANT_RANGE, name);
  const [min, max] = [end('min'), end('max')];
  if (!(min < max)) throw draft.unsupported(operator, `a range from ${min} to ${max}`);
  // Weights keep to their range as they are.
  if (draft.constant(operator.inputs[0]) !== undefined) same(operator, draft);
  else addFunction(operator, draft, clamp(min, max));
}

export function softmax(operator: TfliteOperator, draft: GraphDraft): void {
  const input = inputOf(operator, draft);
  const [output] = operator.outputs;
  const beta = operator.options(schema.SOFTMAX.options, 'beta') || 1;
  const base = baseOf(operator, draft, [input]);
  if (beta === 1) {
    draft.add(output, { ...base, op: 'softmax' });
    return;
  }
  const scaled = `${base.name}/beta`;
  draft.add(
    output,
    { ...base, name: scaled, op: 'activation', activation: ofAffine(beta, 0, 'linear') },
    { ...base, inputs: [scaled], op: 'softmax' },
  );
}

export function gelu(operator: TfliteOperator, draft: GraphDraft): void {
  const isExact = operator.options(schema.GELU_KIND, 'approximate') === 0;
  addFunction(operator, draft, isExact ? exactGelu() : approximateGelu());
}

/** Of two images, or of one and one number. */
export function extreme(
  op: 'maximum' | 'minimum',
  make: (bound: number) => Activation,
): ReadOperator {
  return (operator, draft) => {
    const [first, second] = operator.inputs.map((index) => draft.find(index));
    if (first !== undefined && second !== undefined) {
      draft.add(operator.outputs[0], { ...baseOf(operator, draft, [first, second]), op });
      return;
    }
    const at = first === undefined ? 1 : 0;
    const { values } = constantOf(operator, draft, 1 - at, 'bounds');
    if (values.length !== 1) throw draft.unsupported(operator, `${values.length} bounds`);
    const base = baseOf(operator, draft, [inputOf(operator, draft, at)]);
    draft.add(operator.outputs[0], { ...base, op: 'activation', activation: make(values[0]) });
  };
}

/** Of two images; of one and a number, or one a channel. */
export function arithmetic(
  op: Pairwise,
  options: FlatSchema & { readonly activation: readonly [number, 'int8'] },
): ReadOperator {
  return (operator, draft) => {
    const [a, b] = operator.inputs.map((index) => draft.find(index));
    const [output] = operator.outputs;
    const activation = withRange(fused(operator, draft, options), draft.tensor(output));
    if (a === undefined || b === undefined) {
      addAffine(operator, draft, op, activation);
      return;
    }
    if (op === 'divide') throw draft.unsupported(operator, 'the quotient of two images');
    draft.add(output, { ...baseOf(operator, draft, [a, b]), op, activation });
  };
}

function addAffine(
  operator: TfliteOperator,
  draft: GraphDraft,
  op: Pairwise,
  activation: Activation,
): void {
  const at = draft.find(operator.inputs[0]) === undefined ? 1 : 0;
  const input = inputOf(operator, draft, at);
  const constant = constantOf(operator, draft, 1 - at, 'numbers');
  const base = baseOf(operator, draft, [input]);
  const maps = [...constant.values].map((value) => pairwiseMap(op, value, at === 1));
  if (maps.some(({ scale, shift }) => !Number.isFinite(scale) || !Number.isFinite(shift))) {
    throw draft.unsupported(operator, 'a quotient by 0, or of a number by an image');
  }
  const [output] = operator.outputs;
  if (maps.length === 1) {
    const [{ scale, shift }] = maps;
    draft.add(output, {
      ...base,
      op: 'activation',
      activation: ofAffine(scale, shift, activation),
    });
    return;
  }
  const channels = input.shape.at(-1)!;
  if (maps.length !== channels || constant.shape.at(-1) !== channels) {
    throw draft.unsupported(operator, `a constant [${constant.shape}] with [N,${input.shape}]`);
  }
  const node: FloatNode = {
    ...base,
    op: 'batchNorm',
    axis: -1,
    gamma: Float32Array.from(maps, ({ scale }) => scale),
    beta: Float32Array.from(maps, ({ shift }) => shift),
    mean: new Float32Array(channels),
    variance: new Float32Array(channels).fill(1),
    epsilon: NO_EPSILON,
  };
  addWith(operator, draft, node, activation);
}

/** So small that 1 + ε is 1, as a single float and as a double. */
const NO_EPSILON = 1e-30;

/** The same real numbers in another type. */
export function same(operator: TfliteOperator, draft: GraphDraft): void {
  const [from] = operator.inputs;
  if (draft.find(from) === undefined && draft.constant(from) === undefined) {
    throw draft.unsupported(operator, `${operator.name} of what nothing makes`);
  }
  draft.alias(from, operator.outputs[0]);
}
