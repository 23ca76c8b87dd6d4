import { checkModel } from '../model/check_model.ts';
import type { TensorSpec, Tf8Model, Tf8Node } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import {
  paramsFromRange,
  type QuantizationParams,
  quantizeArray,
  quantizeBias,
} from '../params/quantization.ts';
import type { Calibration } from './calibrate.ts';
import { type FloatGraph, type FloatNode, isWeightedFloat } from './float_graph.ts';
import { type ObservedRange, rangeOf } from './observed_range.ts';

export interface ConvertOptions
  extends Pick<Tf8Model, 'labelOffset' | 'classNames' | 'provenance'> {
  /** The range of the network's input by its preprocessing, e.g. [−1, 1]: known, so not observed. */
  readonly inputRange: ObservedRange;
  /** See `Preprocessing`; absent where it is unknown. */
  readonly centralFraction?: number;
}

/**
 * Quantizes a folded float network (eq. 1 to 3): each activation by its calibrated range, each
 * layer's weights by their own range, biases as int32 at scaleIn · scaleWeight. Average, maximum
 * and global pooling keep their input's parameters (eq. 6).
 * @throws QuantizationError naming the layer whose bias or accumulator does not fit int32, or that
 * was not calibrated
 */
export function convertGraph(
  graph: FloatGraph,
  calibration: Calibration,
  options: ConvertOptions,
): Tf8Model {
  const { inputRange: range, centralFraction, labelOffset, classNames, provenance } = options;
  const input = {
    name: graph.inputName,
    shape: graph.inputShape,
    quantization: paramsFromRange(range.min, range.max),
  };
  const specs = new Map<string, TensorSpec>([[input.name, input]]);
  const nodes = graph.nodes.map((node) => {
    const converted = convertNode(node, specs.get(node.inputs[0])!.quantization, calibration);
    specs.set(node.name, converted.output);
    return converted;
  });
  const model = {
    name: graph.name,
    input,
    nodes,
    labelOffset,
    classNames,
    ...(centralFraction !== undefined && { preprocessing: { centralFraction, range } }),
    provenance,
  };
  checkModel(model);
  return model;
}

function convertNode(
  node: FloatNode,
  inputQuantization: QuantizationParams,
  calibration: Calibration,
): Tf8Node {
  const { name, inputs, outputShape: shape } = node;
  if (isWeightedFloat(node)) {
    const { op, kernel, kernelShape, strides, padding, activation } = node;
    const range = rangeOf(kernel);
    const weights = paramsFromRange(range.min, range.max);
    return {
      op,
      name,
      inputs,
      output: { shape, quantization: observed(name, calibration) },
      weights: { data: quantizeArray(kernel, weights), shape: kernelShape, quantization: weights },
      bias: quantizeBias(name, node.bias, inputQuantization.scale, weights.scale),
      strides,
      padding,
      activation,
    };
  }
  if (node.op === 'concat') {
    return {
      op: node.op,
      name,
      inputs,
      output: { shape, quantization: observed(name, calibration) },
    };
  }
  const { outputShape: _, ...pool } = node;
  return { ...pool, output: { shape, quantization: inputQuantization } };
}

function observed(name: string, calibration: Calibration): QuantizationParams {
  const range = calibration.ranges.get(name);
  if (range === undefined) {
    throw new QuantizationError(`Expected a calibrated range for ${name} but received none`);
  }
  return paramsFromRange(range.min, range.max);
}
