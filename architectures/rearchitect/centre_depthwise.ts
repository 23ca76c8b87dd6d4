import * as tf from '@tensorflow/tfjs';
import { batchNormOf } from '../conv_layer.ts';
import type { Compile } from '../graph/float_runner.ts';
import type { Chain, ChainLayer } from './chain.ts';
import { RearchitectError } from './errors.ts';
import { activated, linearOutput, weightTensors } from './forward.ts';
import type { InputBatch } from './image_states.ts';
import { readWeight, writeWeight } from './model_weights.ts';

/** Mean output of each channel of a depthwise layer, by layer; [C] each. */
export type DepthwiseMeans = ReadonlyMap<string, Float64Array>;

const WEIGHTS = 'chain';

/**
 * The means of a network's depthwise outputs over all positions of images, by one pass over them; in
 * the memory of one batch.
 * @throws RearchitectError where a depthwise layer is not linear, or where there is no image
 */
export async function measureDepthwiseMeans(
  chain: Chain,
  batches: AsyncIterable<InputBatch>,
  compile: Compile,
  onProgress?: (images: number) => void,
): Promise<DepthwiseMeans> {
  const last = depthwisePairs(chain).at(-1);
  const part = chain.slice(0, last === undefined ? 0 : chain.indexOf(last[0]) + 1);
  const weights = weightTensors(WEIGHTS, part);
  const compiled = compile((inputs) => meansOf(part, inputs));
  const means = new Map<string, Float64Array>();
  let images = 0;
  try {
    for await (const batch of batches) {
      const input = tf.tensor4d(batch.images, [...batch.shape]);
      const outputs = compiled.call({ images: input, ...weights });
      const before = images;
      images += batch.shape[0];
      for (const [name, output] of Object.entries(outputs)) {
        means.set(name, running(means.get(name), output.dataSync<'float32'>(), before, images));
      }
      tf.dispose([input, outputs]);
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

/** Each depthwise layer's channel means over a batch. */
function meansOf(part: Chain, inputs: tf.NamedTensorMap): tf.NamedTensorMap {
  const means: tf.NamedTensorMap = {};
  let x = inputs.images as tf.Tensor4D;
  for (const layer of part) {
    const linear = linearOutput(layer, x, WEIGHTS, inputs);
    if (layer.kind === 'depthwise') means[layer.name] = linear.mean([0, 1, 2]);
    x = activated(layer.activation, linear);
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
 * Moves the means of the depthwise outputs into what follows: b ← b − μ before the pointwise layer,
 * b ← b + Wᵀμ behind it. The network's function stays the same, since the depthwise is linear and the
 * pointwise, 1 × 1, sees no padding.
 *
 * Quantized weights are W + ΔW: what they make of a channel's mean, ΔWᵀμ, shifts every output of the
 * layer (the biased error of Nagel et al., arXiv 1906.04721, section 4.2, which is there corrected
 * after quantization). Without means there is no such shift.
 *
 * The pointwise layer's batch norm takes Wᵀμ into its moving mean, which stays the mean of what comes
 * into it.
 * @param chain the model's, of which the order and the activations count
 * @throws RearchitectError where a depthwise layer is not linear
 */
export function centreModel(model: tf.LayersModel, chain: Chain, means: DepthwiseMeans): void {
  for (const [depthwise, pointwise] of depthwisePairs(chain)) {
    const mean = means.get(depthwise.name);
    if (mean === undefined) continue;
    // The kernel as it is in the model, its batch norm not folded in.
    const shift = transposedProduct(readWeight(model, pointwise.name, 'kernel'), mean);
    const batchNorm = batchNormOf(pointwise.name);
    const change = (layer: string, weight: string, by: Float64Array) =>
      writeWeight(
        model,
        layer,
        weight,
        Float64Array.from(readWeight(model, layer, weight), (value, i) => value - by[i]),
      );
    change(depthwise.name, 'bias', mean);
    change(batchNorm, 'moving_mean', shift);
  }
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

/** Each depthwise layer with the pointwise layer that takes it. */
function depthwisePairs(chain: Chain): [depthwise: ChainLayer, pointwise: ChainLayer][] {
  return chain.flatMap((layer, index) => {
    if (layer.kind !== 'depthwise') return [];
    if (layer.activation !== 'linear') {
      throw new RearchitectError(
        `Expected a linear ${layer.name} to centre its outputs but there is ${layer.activation} after it`,
        {
          remedy:
            'Centre a variant with linear depthwise layers: friendly, relu or no-depthwise-bn.',
        },
      );
    }
    return [[layer, chain[index + 1]]];
  });
}
