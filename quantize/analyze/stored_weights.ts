import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { TensorSpec, WeightedNode } from '../model/tf8_model.ts';
import { accumulatorScale, dequantizeArray } from '../params/quantization.ts';

/** The float node with weights and biases as its TF8 layer stores them, all else exact. */
export function withStoredWeights(
  exact: FloatWeightedNode,
  { weights, bias }: WeightedNode,
  input: TensorSpec,
): FloatWeightedNode {
  const scale = accumulatorScale(input.quantization.scale, weights.quantization.scale);
  return {
    ...exact,
    kernel: dequantizeArray(weights.data, weights.quantization),
    bias: Float32Array.from(bias, (value) => scale * value),
  };
}
