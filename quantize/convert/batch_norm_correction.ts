import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { inputChannelOf } from '../../architectures/graph/input_channels.ts';
import { boundOf } from '../../architectures/graph/operations/activation_function.ts';
import { makerOf } from '../../architectures/graph/passes/rewrite.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { accumulatorScale } from '../params/quantization.ts';
import { clamp, roundHalfEven } from '../params/rounding.ts';
import { weightScale } from '../params/weight_quantization.ts';
import { biasLimit } from './layer_weights.ts';

/**
 * Bias correction without images (arXiv 1906.04721, section 4.2): the error of the weights times the mean of
 * the inputs is taken off each bias, that mean being what batch norm and activation of the layer before
 * make of a normal distribution. Layers whose input does not come of such a layer keep theirs, and transposed
 * convolutions, whose outputs meet different weights.
 */
export function correctFromBatchNorms(graph: FloatGraph, model: Tf8Model): Tf8Model {
  const specs = tensorSpecs(model);
  const nodes = model.nodes.map((node) => {
    const exact = makerOf(graph, node.name);
    const means = expectedMeans(graph, node.inputs[0]);
    if (exact === undefined || !isWeightedFloat(exact) || !isWeighted(node)) return node;
    if (means === undefined || node.op === 'transposedConv2d') return node;
    const { data, quantization } = node.weights;
    const outputs = node.bias.length;
    const channelOf = inputChannelOf(exact, means.length);
    const errors = new Float64Array(outputs);
    exact.kernel.forEach((weight, index) => {
      const m = index % outputs;
      const stored = weightScale(quantization, m) * (data[index] - quantization.zeroPoint);
      errors[m] += (weight - stored) * means[channelOf(index)];
    });
    const input = byName(specs, node.inputs[0]).quantization;
    const bias = node.bias.map((value, m) => {
      const scale = accumulatorScale(input.scale, weightScale(quantization, m));
      const limit = Math.floor(biasLimit(node, input, quantization, m) / scale);
      const corrected = value + roundHalfEven(errors[m] / scale);
      return clamp(corrected, Math.min(-limit, value), Math.max(limit, value));
    });
    return { ...node, bias };
  });
  return { ...model, nodes };
}

/** [C] the means of a tensor by batch norm and activation of the layer that makes it. */
export function expectedMeans(graph: FloatGraph, tensor: string): Float64Array | undefined {
  const maker = makerOf(graph, tensor);
  if (maker === undefined || !isWeightedFloat(maker) || maker.batchNorm === undefined) {
    return undefined;
  }
  const { beta, gamma } = maker.batchNorm;
  if (maker.activation === 'linear') return Float64Array.from(beta);
  const bound = boundOf(maker.activation);
  if (bound === undefined) return undefined;
  return Float64Array.from(beta, (mean, c) => clippedNormalMean(mean, Math.abs(gamma[c]), bound));
}

/** The mean of a normal distribution that is clipped to [0, bound]. */
export function clippedNormalMean(mean: number, deviation: number, bound: number): number {
  if (deviation === 0) return clamp(mean, 0, bound);
  const above0 = rectifiedMean(mean, deviation);
  return bound === Infinity ? above0 : above0 - rectifiedMean(mean - bound, deviation);
}

/** E[max(0, x)] = μ · Φ(μ/σ) + σ · φ(μ/σ). */
function rectifiedMean(mean: number, deviation: number): number {
  const z = mean / deviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return mean * normalCumulative(z) + deviation * density;
}

/** Φ to 1.5·10⁻⁷ (Abramowitz and Stegun, 7.1.26). */
function normalCumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = (series * Math.exp(-x * x)) / 2;
  return z < 0 ? half : 1 - half;
}
