import { type FloatGraph, shapeIn } from '../float_graph.ts';
import { batchNormAffine } from '../fold_batch_norm.ts';
import { NO_PADDING } from '../window.ts';
import { requireFinite } from './require_finite.ts';
import { mapNodes } from './rewrite.ts';

/**
 * Makes each batch norm that is left, as one behind a sum that others read too, a depthwise convolution of one
 * pixel: with s = γ/√(σ² + ε) and t = β − μ·s of each channel, s·x + t.
 * @throws GraphError naming it where s or t is not finite
 */
export function batchNormsAsDepthwise(graph: FloatGraph): FloatGraph {
  return mapNodes(graph, (node) => {
    const isOfImages = shapeIn(graph, node.name).length === 3;
    if (node.op !== 'batchNorm' || node.axis !== -1 || !isOfImages) return node;
    const { name, inputs, className } = node;
    const { scale, shift } = batchNormAffine(node);
    return requireFinite(
      {
        op: 'depthwiseConv2d',
        name,
        inputs,
        ...(className !== undefined && { className }),
        kernel: Float32Array.from(scale),
        kernelShape: [1, 1, scale.length, 1],
        bias: Float32Array.from(shift),
        strides: [1, 1],
        padding: NO_PADDING,
        activation: 'linear',
      },
      name,
    );
  });
}
