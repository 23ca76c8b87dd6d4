import type * as tf from '@tensorflow/tfjs';
import { batchNormOf } from '../conv_layer.ts';
import { convLayers, type MobileNetV1Config } from '../mobilenet_v1.ts';
import type { Chain } from './chain.ts';
import { type ChannelScales, equalizableLayers, equalizationScales } from './equalize.ts';
import { hasLayer, readWeight, weightShape, writeWeight } from './model_weights.ts';
import { readChain } from './read_chain.ts';

/** What an equalization did. */
export interface Equalization {
  /** Layers after which channels were scaled. */
  readonly layers: readonly string[];
  /** Layers after which ReLU6 forbids it. */
  readonly skipped: readonly string[];
}

/**
 * Equalizes a MobileNetV1 in place, wherever its activations allow it; its function stays the same.
 * @throws RearchitectError where the model is not the network of `config`
 */
export function equalizeModel(model: tf.LayersModel, config: MobileNetV1Config): Equalization {
  const { chain } = readChain(model, config);
  scaleModel(model, config, equalizationScales(chain));
  const layers = equalizableLayers(chain);
  return { layers, skipped: layersWithNext(chain).filter((name) => !layers.includes(name)) };
}

function layersWithNext(chain: Chain): string[] {
  return chain.slice(0, -1).map(({ name }) => name);
}

/**
 * Scales the channels between layers in place: a batch norm's γ and β are divided by s, where there
 * is none the kernel and the bias, and the next kernel is multiplied. A batch norm's statistics
 * describe what comes into it, which stays as it was.
 */
function scaleModel(
  model: tf.LayersModel,
  config: MobileNetV1Config,
  channelScales: readonly ChannelScales[],
): void {
  const kernels = new Map(
    convLayers(config).map(({ name, kind }) => [
      name,
      kind === 'depthwise' ? 'depthwise_kernel' : 'kernel',
    ]),
  );
  const change = (
    layer: string,
    weight: string,
    changed: (value: number, index: number) => number,
  ) => {
    writeWeight(model, layer, weight, Float64Array.from(readWeight(model, layer, weight), changed));
  };
  for (const { producer, consumer, scales } of channelScales) {
    const byOutput = (value: number, index: number) => value / scales[index % scales.length];
    const batchNorm = batchNormOf(producer);
    if (hasLayer(model, batchNorm)) {
      change(batchNorm, 'gamma', byOutput);
      change(batchNorm, 'beta', byOutput);
    } else {
      change(producer, kernels.get(producer)!, byOutput);
      change(producer, 'bias', byOutput);
    }
    const kernel = kernels.get(consumer)!;
    // [kh, kw, C, M]: M weights, of a depthwise kernel 1, for each input channel.
    const outputs = weightShape(model, consumer, kernel).at(-1)!;
    change(
      consumer,
      kernel,
      (value, index) => value * scales[Math.floor(index / outputs) % scales.length],
    );
  }
}
