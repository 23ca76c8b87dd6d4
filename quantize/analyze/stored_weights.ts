import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { TensorSpec, WeightedNode } from '../model/tf8_model.ts';
import { accumulatorScale } from '../params/quantization.ts';
import { dequantizeWeights, weightScales } from '../params/weight_quantization.ts';

/** The float node with weights and biases as its TF8 layer stores them, all else exact. */
export function withStoredWeights(
  exact: FloatWeightedNode,
  { weights, bias }: WeightedNode,
  input: TensorSpec,
): FloatWeightedNode {
  const scales = weightScales(weights.quantization).map((scale) =>
    accumulatorScale(input.quantization.scale, scale),
  );
  return {
    ...exact,
    kernel: dequantizeWeights(weights.data, weights.quantization),
    bias: Float32Array.from(bias, (value, m) => scales[m % scales.length] * value),
  };
}
