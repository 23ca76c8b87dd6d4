import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import type {
  FloatActivatedNode,
  FloatNode,
  FloatWeightedNode,
} from '../../architectures/graph/float_node.ts';
import {
  type Activation,
  type Expression,
  evaluate,
} from '../../architectures/graph/operations/activation_function.ts';
import { activationOf } from '../../architectures/graph/operations/activation_value.ts';
import type { FloatPreluNode } from '../../architectures/graph/operations/prelu.ts';
import type { Shape } from '../../architectures/graph/shape.ts';
import { byName } from '../model/by_name.ts';
import { checkModel } from '../model/check_model.ts';
import type {
  ImageShape,
  Preprocessing,
  TensorSpec,
  Tf8Model,
  Tf8Node,
  WeightedNode,
} from '../model/tf8_model.ts';
import type { ScalarFunction } from '../ops/lookup.ts';
import { sumScales } from '../params/addition.ts';
import type { Arrangement } from '../params/arrangement.ts';
import { QuantizationError } from '../params/errors.ts';
import { lookupTable } from '../params/lookup.ts';
import {
  BYTE_MAX,
  paramsFromRange,
  type QuantizationParams,
  quantizeArray,
  quantizeBias,
} from '../params/quantization.ts';
import type { ActivationKind } from '../params/requantization.ts';
import { clamp, roundHalfEven } from '../params/rounding.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../params/roundings.ts';
import { PROBABILITIES, softmaxPowers } from '../params/softmax.ts';
import { weightParams } from '../params/weight_params.ts';
import type { CalibratedRanges } from './calibrate.ts';
import { rangeOf } from './observed_range.ts';
import { requireTf8, tf8Activation, unsupported } from './require_tf8.ts';
import { powerOfTwoRange } from './scale_forms.ts';

export interface ConvertOptions
  extends Pick<Tf8Model, 'labelOffset' | 'classNames' | 'provenance'> {
  /** The range of the network's input by its preprocessing, e.g. [−1, 1]: known, so not observed. */
  readonly inputRange: Preprocessing['range'];
  /** See `Preprocessing`; absent where it is unknown. */
  readonly centralFraction?: number;
  readonly resample?: 'bicubic';
  /** The rule of requantization; eq. 5 unless given. */
  readonly rounding?: RoundingName | undefined;
  /** Is told, in a sentence, what the user should know of a layer: that its weights became coarser. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Quantizes a folded float network (eq. 1 to 3): each activation by its calibrated range, each
 * layer's weights by their own range, biases as int32 at scaleIn · scaleWeight. A bias that would not
 * fit raises its layer's weight scale, and a note says so. Average, maximum and global pooling keep
 * their input's parameters (eq. 6).
 * @throws QuantizationError naming the layer that TF8 has not (`requireTf8`), whose bias is not finite,
 * whose accumulator does not fit int32 at any scale, or that was not calibrated
 */
export function convertGraph(
  graph: FloatGraph,
  calibration: CalibratedRanges,
  options: ConvertOptions,
): Tf8Model {
  requireTf8(graph);
  const { inputRange: range, centralFraction, labelOffset, classNames, provenance } = options;
  const { resample, rounding } = options;
  const input = {
    name: graph.input.name,
    shape: imageShape(graph.input.shape),
    quantization: inputParams(range, rounding),
  };
  const specs = new Map<string, TensorSpec>([[input.name, input]]);
  const nodes = graph.nodes.map((node) => {
    const inputs = node.inputs.map((name) => byName(specs, name));
    const shape = imageShape(shapeIn(graph, node.name));
    const converted = convertNode(node, shape, inputs, calibration, options);
    specs.set(node.name, converted.output);
    return converted;
  });
  const model = {
    name: graph.name,
    input,
    nodes,
    ...(graph.outputs.join() !== nodes.at(-1)?.name && { outputs: graph.outputs }),
    labelOffset,
    classNames,
    ...(rounding !== undefined && rounding !== DEFAULT_ROUNDING && { rounding }),
    ...(centralFraction !== undefined && {
      preprocessing: {
        centralFraction,
        range,
        ...(resample && { resample }),
        ...(input.shape[2] === 4 && { alpha: true as const }),
      },
    }),
    provenance,
  };
  checkModel(model);
  return model;
}

/**
 * The input's parameters: those of its range; by power-of-two the scale is the power nearest to theirs, so that a
 * value at the end of the range may saturate.
 */
function inputParams({ min, max }: Preprocessing['range'], rounding: RoundingName | undefined) {
  const params = paramsFromRange(min, max);
  if (rounding !== 'power-of-two') return params;
  const scale = 2 ** roundHalfEven(Math.log2(params.scale));
  const zeroPoint = clamp(roundHalfEven(-Math.min(min, 0) / scale), 0, BYTE_MAX);
  return { scale, zeroPoint };
}

function convertNode(
  node: FloatNode,
  shape: ImageShape,
  inputSpecs: readonly TensorSpec[],
  calibration: CalibratedRanges,
  { onNote, rounding }: Pick<ConvertOptions, 'onNote' | 'rounding'>,
): Tf8Node {
  const { name, inputs, op } = node;
  const inputQuantizations = inputSpecs.map(({ quantization }) => quantization);
  const [inputQuantization] = inputQuantizations;
  const [{ shape: from }] = inputSpecs;
  switch (op) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'transposedConv2d':
    case 'fullyConnected':
      return weighted(node, shape, inputQuantization, calibration, onNote);
    case 'concat': {
      const axis = CONCAT_AXES[node.axis + IMAGE_AXES];
      const output = { shape, quantization: observed(name, calibration) };
      return { op, name, inputs, ...(axis !== undefined && { axis }), output };
    }
    case 'averagePool2d':
    case 'maxPool2d': {
      const { windowShape, strides, padding } = node;
      const output = { shape, quantization: inputQuantization };
      return { op, name, inputs, windowShape, strides, padding, output };
    }
    case 'add':
    case 'subtract':
    case 'multiply': {
      const activation = partOf(node);
      const own = observed(name, calibration);
      const quantization = op === 'multiply' ? own : sumParams(own, inputQuantizations);
      return { op, name, inputs, activation, output: { shape, quantization } };
    }
    case 'globalAveragePool':
      return { op, name, inputs, output: { shape, quantization: inputQuantization } };
    case 'activation': {
      const quantization = observed(name, calibration);
      const { activation } = node;
      return {
        op: 'lookup',
        name,
        inputs,
        function: scalarFunction(activation),
        table: lookupTable(activationOf(activation), inputQuantization, quantization),
        output: { shape, quantization },
      };
    }
    case 'maximum':
    case 'minimum':
      return { op, name, inputs, output: { shape, quantization: observed(name, calibration) } };
    case 'requantize': {
      const quantization = observed(node.like ?? name, calibration);
      return { op, name, inputs, output: { shape, quantization } };
    }
    case 'softmax': {
      const powers = softmaxPowers(inputQuantization.scale);
      return { op, name, inputs, powers, output: { shape, quantization: PROBABILITIES } };
    }
    case 'resize': {
      const { method, corners } = node;
      const output = { shape, quantization: inputQuantization };
      const arrangement = repetition(node, from);
      return arrangement === undefined
        ? { op, name, inputs, method, corners, output }
        : { op: 'rearrange', name, inputs, arrangement, output };
    }
    case 'depthToSpace':
    case 'pad':
    case 'reshape':
    case 'slice':
    case 'spaceToDepth':
    case 'transpose': {
      const output = { shape, quantization: inputQuantization };
      return { op: 'rearrange', name, inputs, arrangement: arrangementOf(node), output };
    }
    case 'prelu': {
      const slopes = slopesFor(node, from);
      const range = rounding === 'power-of-two' ? powerOfTwoRange(slopes.range) : slopes.range;
      const alpha = paramsFromRange(range.min, range.max);
      return {
        op,
        name,
        inputs,
        alpha: {
          data: quantizeArray(slopes.values, alpha),
          shape: slopes.shape,
          quantization: alpha,
        },
        output: { shape, quantization: observed(name, calibration) },
      };
    }
    case 'batchNorm':
    case 'dropout':
    case 'mean':
    case 'sum':
      throw unsupported(`${name} (${op})`);
  }
}

/** Slopes for each channel, or for each value of the image where they differ within a channel. */
export function slopesFor({ alpha, alphaShape }: FloatPreluNode, image: ImageShape) {
  const [rows, columns, channels] = imageShape(alphaShape);
  const shape: ImageShape = rows === 1 && columns === 1 ? [1, 1, image[2]] : image;
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let i = 0; i < values.length; i++) {
    const y = Math.floor(i / (shape[1] * shape[2])) % rows;
    const x = (Math.floor(i / shape[2]) % shape[1]) % columns;
    values[i] = alpha[(y * columns + x) * channels + ((i % shape[2]) % channels)];
  }
  return { shape, values, range: rangeOf(values) };
}

/** Axes of [height, width, channels] as a concatenation names them. */
const CONCAT_AXES = ['height', 'width', undefined] as const;
const IMAGE_AXES = CONCAT_AXES.length;

/** What moves values and computes nothing, on images. */
type MovingNode = Extract<
  FloatNode,
  { op: 'depthToSpace' | 'pad' | 'reshape' | 'slice' | 'spaceToDepth' | 'transpose' }
>;

/** A resize that gives each row and column so many times, whole ones; undefined of another. */
function repetition(
  { size, method, corners }: Extract<FloatNode, { op: 'resize' }>,
  [height, width]: ImageShape,
): Arrangement | undefined {
  const times = [size[0] / height, size[1] / width] as const;
  const isWhole = times.every(Number.isInteger);
  const repeats = isWhole && method === 'nearest' && corners !== 'aligned';
  return repeats ? { kind: 'repeat', times } : undefined;
}

function arrangementOf(node: MovingNode): Arrangement {
  switch (node.op) {
    case 'pad':
      return { kind: 'pad', padding: node.padding };
    case 'reshape':
      return { kind: 'reshape' };
    case 'slice':
      return { kind: 'slice', begin: imageShape(node.begin), strides: imageShape(node.strides) };
    case 'transpose':
      return { kind: 'transpose', permutation: imageShape(node.permutation) };
    case 'depthToSpace':
    case 'spaceToDepth':
      return { kind: node.op, block: node.block };
  }
}

/** A sum's parameters: those of its range, as far as its scale is one that eq. 9 has for these inputs. */
function sumParams(
  own: QuantizationParams,
  [a, b]: readonly QuantizationParams[],
): QuantizationParams {
  return { ...own, scale: clamp(own.scale, ...sumScales(a.scale, b.scale)) };
}

function weighted(
  node: FloatWeightedNode,
  shape: ImageShape,
  inputQuantization: QuantizationParams,
  calibration: CalibratedRanges,
  onNote: ConvertOptions['onNote'],
): WeightedNode {
  const { op, name, inputs, kernel, kernelShape, strides, padding } = node;
  const activation = partOf(node);
  const quantization = observed(name, calibration);
  const { params: weights, raisedBy } = weightParams(rangeOf(kernel), {
    scaleIn: inputQuantization.scale,
    inputZeroPoint: inputQuantization.zeroPoint,
    scaleOut: quantization.scale,
    biasMax: node.bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    taps: kernelShape[0] * kernelShape[1] * (op === 'depthwiseConv2d' ? 1 : kernelShape[2]),
  });
  if (raisedBy > 1) onNote?.(coarserNote(name, raisedBy));
  return {
    op,
    name,
    inputs,
    output: { shape, quantization },
    weights: { data: quantizeArray(kernel, weights), shape: kernelShape, quantization: weights },
    bias: quantizeBias(name, node.bias, inputQuantization.scale, weights.scale),
    strides,
    padding,
    activation,
    ...('dilations' in node && node.dilations && { dilations: node.dilations }),
    ...(node.op === 'conv2d' && node.groups !== undefined && { groups: node.groups }),
    ...('outputPadding' in node && node.outputPadding && { outputPadding: node.outputPadding }),
  };
}

/** The activation of a layer that `requireTf8` has seen. */
function partOf({ name, op, activation }: FloatActivatedNode): ActivationKind {
  const kind = tf8Activation(activation);
  if (kind === undefined) throw unsupported(`${name} (${op})`, 'its activation');
  return kind;
}

/** Such as "x · relu6(1 · x + 3)". */
function inWords(expression: Expression): string {
  return evaluate<string>(expression, {
    x: 'x',
    affine: (value, scale, shift) => `${scale} · ${value} + ${shift}`,
    apply: (activation, value) =>
      `${typeof activation === 'string' ? activation : JSON.stringify(activation)}(${value})`,
    add: (a, b) => `(${a}) + (${b})`,
    subtract: (a, b) => `(${a}) - (${b})`,
    multiply: (a, b) => `(${a}) · (${b})`,
    maximum: (a, b) => `max(${a}, ${b})`,
    minimum: (a, b) => `min(${a}, ${b})`,
  });
}

function scalarFunction(activation: Activation): ScalarFunction {
  if (typeof activation === 'string') return activation;
  if (activation.kind === 'composed') return inWords(activation.expression);
  const { max, slope, threshold } = activation;
  return { max: max === Infinity ? null : max, slope, threshold };
}

/** What a bias far above the weights costs. */
export function coarserNote(layer: string, factor: number): string {
  return `The weights of ${layer} are quantized ${factor.toLocaleString('en', { maximumSignificantDigits: 3 })} times as coarsely as their range allows: its biases would not fit int32 otherwise`;
}

/** [H, W, C]; a vector is an image of one pixel. */
function imageShape(shape: Shape): ImageShape {
  const [height, width, channels] = shape.length === 1 ? [1, 1, ...shape] : shape;
  return [height, width, channels];
}

function observed(name: string, calibration: CalibratedRanges): QuantizationParams {
  const range = calibration.ranges.get(name);
  if (range === undefined) {
    throw new QuantizationError(`Expected a calibrated range for ${name} but received none`);
  }
  return paramsFromRange(range.min, range.max);
}
