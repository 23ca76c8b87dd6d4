import * as tf from '@tensorflow/tfjs';
import {
  applyConvolution,
  type BuildOptions,
  type BuildSettings,
  buildSettings,
  classifier,
  droppedFeatures,
  globalMean,
  pooledFeatures,
} from './build_layers.ts';
import { type ConvLayer, INPUT_CHANNELS } from './conv_layer.ts';
import { INPUT_NAME, type NetworkLayer, type NetworkLayers } from './network_layers.ts';

/** What is built, and how it begins. */
export interface Blueprint {
  /** Of the LayersModel. */
  readonly name: string;
  /** Height and width of the images. */
  readonly resolution: number;
  readonly layers: NetworkLayers;
  /** Share of the pooled features that dropout takes unless the options say. */
  readonly dropout: number;
  /** σ of a layer's initial weights, from a normal distribution truncated at 2σ. */
  readonly initialStddev: (layer: ConvLayer) => number;
}

/**
 * Builds a network of resolved layers as a LayersModel: [N, resolution, resolution, 3] float32 to class
 * probabilities [N, classes]. Layers carry the names that they have in the list: a convolution, its
 * batch norm `<name>/BatchNorm`, its activation `<name>/Relu6`.
 */
export function buildLayers(
  { name, resolution, layers, dropout, initialStddev }: Blueprint,
  options: BuildOptions,
): tf.LayersModel {
  const settings = buildSettings(options, dropout);
  const { base, logits, pooled = false } = layers;
  const input = tf.input({ shape: [resolution, resolution, INPUT_CHANNELS], name: INPUT_NAME });
  const made = new Map([[INPUT_NAME, input]]);
  let x = input;
  base.forEach((layer, index) => {
    const stddev = layer.op === 'conv' ? initialStddev(layer) : 0;
    x = applyLayer(layer, index, made, stddev, settings);
    made.set(layer.name, x);
  });
  const features = pooled ? droppedFeatures(x, settings) : pooledFeatures(x, settings);
  const stddev = settings.logitsStddev ?? initialStddev(logits);
  return classifier(input, applyConvolution(logits, features, base.length, stddev, settings), name);
}

/** @param made what each layer before makes, by its name */
function applyLayer(
  layer: NetworkLayer,
  index: number,
  made: ReadonlyMap<string, tf.SymbolicTensor>,
  stddev: number,
  settings: BuildSettings,
): tf.SymbolicTensor {
  const { name } = layer;
  if ('inputs' in layer) {
    const inputs = layer.inputs.map((input) => made.get(input)!);
    return joined(layer.op, name).apply(inputs) as tf.SymbolicTensor;
  }
  const x = made.get(layer.input)!;
  switch (layer.op) {
    case 'conv':
      return applyConvolution(layer, x, index, stddev, settings);
    case 'maxPool':
    case 'averagePool': {
      const { stride: strides, padding, window } = layer;
      const options = { name, poolSize: [...window] as [number, number], strides, padding };
      const pool =
        layer.op === 'maxPool'
          ? tf.layers.maxPooling2d(options)
          : tf.layers.averagePooling2d(options);
      return pool.apply(x) as tf.SymbolicTensor;
    }
    case 'relu':
      return tf.layers.reLU({ name }).apply(x) as tf.SymbolicTensor;
    case 'globalAveragePool':
      return globalMean(name, x);
    case 'pad': {
      const { border } = layer;
      return tf.layers
        .zeroPadding2d({ name, padding: [border, border] })
        .apply(x) as tf.SymbolicTensor;
    }
  }
}

function joined(op: 'concat' | 'add' | 'multiply', name: string): tf.layers.Layer {
  switch (op) {
    case 'concat':
      return tf.layers.concatenate({ name });
    case 'add':
      return tf.layers.add({ name });
    case 'multiply':
      return tf.layers.multiply({ name });
  }
}
