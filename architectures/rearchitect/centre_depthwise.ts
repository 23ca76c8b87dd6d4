import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../graph/float_graph.ts';
import type { FloatNode, FloatWeightedNode } from '../graph/float_node.ts';
import type { Compile } from '../graph/float_runner.ts';
import { makerOf, replaceNode } from '../graph/passes/rewrite.ts';
import { batchNormBehind } from './behind.ts';
import { RearchitectError } from './errors.ts';
import { foldedGraph } from './folded_graph.ts';
import type { InputBatch } from './image_states.ts';
import { runNode, weightTensors } from './run_nodes.ts';
import { linearPairs } from './separable_pairs.ts';

/** Mean output of each channel of a depthwise layer, by layer; [C] each. */
export type DepthwiseMeans = ReadonlyMap<string, Float64Array>;

const WEIGHTS = 'network';

/**
 * The means of a network's linear depthwise outputs over all positions of images, by one pass over them; in
 * the memory of one batch.
 * @throws RearchitectError where there is no image
 */
export async function measureDepthwiseMeans(
  graph: FloatGraph,
  batches: AsyncIterable<InputBatch>,
  compile: Compile,
  onProgress?: (images: number) => void,
): Promise<DepthwiseMeans> {
  const folded = foldedGraph(graph);
  const wanted = new Set(linearPairs(folded).map(({ depthwise }) => depthwise));
  const last = folded.nodes.findLastIndex(({ name }) => wanted.has(name));
  const part = folded.nodes.slice(0, last + 1);
  const weights = weightTensors(WEIGHTS, part);
  const compiled = compile((inputs) => meansOf(folded.input.name, part, wanted, inputs));
  const means = new Map<string, Float64Array>();
  let images = 0;
  try {
    for await (const batch of batches) {
      const before = images;
      images += batch.shape[0];
      if (wanted.size > 0) {
        const input = tf.tensor4d(batch.images, [...batch.shape]);
        const outputs = compiled.call({ images: input, ...weights });
        for (const [name, output] of Object.entries(outputs)) {
          means.set(name, running(means.get(name), output.dataSync<'float32'>(), before, images));
        }
        tf.dispose([input, outputs]);
      }
      onProgress?.(images);
    }
  } finally {
    compiled.dispose();
    tf.dispose(weights);
  }
  if (images === 0) {
    throw new RearchitectError('Expected at least one image to take means over but received none', {
      remedy: 'Pass one image or more that can be read.',
    });
  }
  return means;
}

/** The wanted layers' channel means over a batch. */
function meansOf(
  input: string,
  part: readonly FloatNode[],
  wanted: ReadonlySet<string>,
  { images, ...weights }: tf.NamedTensorMap,
): tf.NamedTensorMap {
  const means: tf.NamedTensorMap = {};
  const made = new Map([[input, images as tf.Tensor]]);
  for (const node of part) {
    const inputs = node.inputs.map((name) => made.get(name)!);
    const output = runNode(node, inputs, WEIGHTS, weights);
    made.set(node.name, output);
    if (wanted.has(node.name)) means[node.name] = output.mean([0, 1, 2]);
  }
  return means;
}

function running(
  mean: Float64Array | undefined,
  batch: Float32Array,
  before: number,
  images: number,
): Float64Array {
  const share = (images - before) / images;
  return Float64Array.from(batch, (value, c) => {
    const old = mean?.[c] ?? 0;
    return old + share * (value - old);
  });
}

/**
 * Moves the means of the linear depthwise outputs into what follows: b ← b − μ before the pointwise layer,
 * b ← b + Wᵀμ behind it. The network's function stays the same, since the depthwise is linear and the
 * pointwise, 1 × 1, sees no padding.
 *
 * Quantized weights are W + ΔW: what they make of a channel's mean, ΔWᵀμ, shifts every output of the
 * layer (the biased error of Nagel et al., arXiv 1906.04721, section 4.2, which is there corrected
 * after quantization). Without means there is no such shift.
 *
 * The pointwise layer's batch norm takes Wᵀμ into its moving mean, which stays the mean of what comes
 * into it.
 * @param graph as it was read, batch norms and all
 */
export function centredGraph(graph: FloatGraph, means: DepthwiseMeans): FloatGraph {
  let centred = graph;
  for (const { depthwise, pointwise } of linearPairs(foldedGraph(graph))) {
    const mean = means.get(depthwise);
    if (mean === undefined) continue;
    // The kernel as it is in the network, its batch norm not folded in.
    const { kernel } = makerOf(centred, pointwise) as FloatWeightedNode;
    const shift = transposedProduct(kernel, mean);
    centred = shifted(centred, depthwise, mean);
    const batchNorm = batchNormBehind(centred, pointwise);
    if (batchNorm === undefined) {
      centred = shifted(
        centred,
        pointwise,
        shift.map((value) => -value),
      );
    } else {
      const moving = minus(batchNorm.mean, shift);
      centred = replaceNode(centred, { ...batchNorm, mean: moving });
    }
  }
  return centred;
}

/** With outputs that are less by these amounts. */
function shifted(graph: FloatGraph, name: string, by: Float64Array): FloatGraph {
  const batchNorm = batchNormBehind(graph, name);
  if (batchNorm !== undefined) {
    return replaceNode(graph, { ...batchNorm, beta: minus(batchNorm.beta, by) });
  }
  const node = makerOf(graph, name) as FloatWeightedNode;
  return replaceNode(graph, { ...node, bias: minus(node.bias, by) });
}

function minus(values: Float32Array, by: Float64Array): Float32Array {
  return values.map((value, index) => value - by[index]);
}

/** Wᵀμ, W: [C, M] row-major, μ: [C]. */
function transposedProduct(weights: Float32Array, mean: Float64Array): Float64Array {
  const outputs = weights.length / mean.length;
  const product = new Float64Array(outputs);
  mean.forEach((value, c) => {
    for (let m = 0; m < outputs; m++) product[m] += weights[c * outputs + m] * value;
  });
  return product;
}
