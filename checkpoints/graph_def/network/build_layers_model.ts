import * as tf from '@tensorflow/tfjs';
import { GroupedConv2d } from '../../../architectures/graph/grouped_conv2d.ts';
import { kerasAxis } from '../../../architectures/graph/keras_layer.ts';
import { swapLast } from '../../../architectures/graph/transposed_window.ts';
import { GraphOperation } from '../../tfjs/graph_operation.ts';
import {
  type ConvStep,
  isConvStep,
  type Network,
  type PoolStep,
  type PreluStep,
  type Step,
} from './network.ts';

/** A layer and its weights, in the order of `layer.getWeights()`. */
type Weights = readonly { readonly values: Float32Array; readonly shape: readonly number[] }[];

/**
 * A network as a LayersModel: [N, H, W, C] float32 to what its last step makes, [N, classes]. Layers have
 * the names of the steps, as far as tfjs takes them.
 */
export function buildLayersModel(network: Network, name: string): tf.LayersModel {
  const steps = named(network.steps);
  const made = new Map<string, tf.SymbolicTensor>();
  const weights: { layer: tf.layers.Layer; values: Weights }[] = [];
  let input: tf.SymbolicTensor | undefined;
  for (const step of steps) {
    if (step.op === 'input') {
      input = tf.input({ shape: [...step.shape], name: step.name });
      made.set(step.name, input);
      continue;
    }
    const layer = layerOf(step);
    const inputs = step.inputs.map((from) => made.get(from)!);
    made.set(
      step.name,
      layer.apply(
        inputs.length > 1 || step.op === 'concat' ? inputs : inputs[0],
      ) as tf.SymbolicTensor,
    );
    weights.push({ layer, values: weightsOf(step) });
  }
  for (const { layer, values } of weights) {
    if (values.length === 0) continue;
    tf.tidy(() =>
      layer.setWeights(values.map(({ values, shape }) => tf.tensor(values, [...shape]))),
    );
  }
  return tf.model({ inputs: input!, outputs: made.get(steps.at(-1)!.name)!, name });
}

/** The steps with names that tfjs takes for layers: letters, digits, `-`, `.`, `_` and `/`. */
function named(steps: readonly Step[]): Step[] {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  return steps.map((step) => {
    let name = step.name.replace(/[^-A-Za-z0-9._/]/g, '_').replace(/^(?![A-Za-z0-9])/, 'node');
    while (taken.has(name)) name += '_';
    taken.add(name);
    names.set(step.name, name);
    return { ...step, name, inputs: step.inputs.map((input) => names.get(input)!) };
  });
}

function layerOf(step: Step): tf.layers.Layer {
  const { name } = step;
  if (isConvStep(step)) return convolution(step);
  switch (step.op) {
    case 'batchNorm':
      return tf.layers.batchNormalization({ name, epsilon: step.epsilon });
    case 'pad': {
      const [[top, bottom], [left, right]] = step.padding;
      const padding: [[number, number], [number, number]] = [
        [top, bottom],
        [left, right],
      ];
      return tf.layers.zeroPadding2d({ name, padding });
    }
    case 'maxPool2d':
      return tf.layers.maxPooling2d(poolOptions(step));
    case 'averagePool2d':
      return tf.layers.averagePooling2d(poolOptions(step));
    case 'globalAveragePool':
      return tf.layers.globalAveragePooling2d({ name, dataFormat: 'channelsLast' });
    case 'relu':
      return tf.layers.reLU({ name });
    case 'relu6':
      return tf.layers.reLU({ name, maxValue: 6 });
    case 'function': {
      const { function: f } = step;
      if (typeof f === 'string') return tf.layers.activation({ name, activation: f });
      if ('max' in f) return tf.layers.reLU({ name, maxValue: f.max });
      return tf.layers.leakyReLU({ name, alpha: f.slope });
    }
    case 'prelu':
      return tf.layers.prelu({ name, sharedAxes: sharedAxesOf(step) });
    case 'softmax':
      return tf.layers.softmax({ name });
    case 'concat':
      return tf.layers.concatenate({ name, axis: kerasAxis(step.axis, step.shape) });
    case 'add':
      return tf.layers.add({ name });
    case 'maximum':
      return tf.layers.maximum({ name });
    case 'minimum':
      return tf.layers.minimum({ name });
    case 'operation':
      return new GraphOperation({ name, operation: step.operation });
    case 'multiply':
      return tf.layers.multiply({ name });
    default:
      return tf.layers.reshape({ name, targetShape: [...step.shape] });
  }
}

function convolution(step: ConvStep): tf.layers.Layer {
  const { name, kernelShape, padding, bias } = step;
  // The weights are set afterwards: drawing random ones takes longer than the rest.
  const shared = { name, useBias: bias !== undefined, kernelInitializer: 'zeros' } as const;
  if (step.op === 'dense') return tf.layers.dense({ ...shared, units: kernelShape[1] });
  const kernelSize: [number, number] = [kernelShape[0], kernelShape[1]];
  const strides: [number, number] = [...step.strides];
  const window = { ...shared, kernelSize, strides, padding };
  if (step.op === 'transposedConv2d') {
    return tf.layers.conv2dTranspose({ ...window, filters: kernelShape[3] });
  }
  const { dilations } = step;
  if (step.op === 'depthwiseConv2d' && dilations !== undefined) {
    const [, , channels, multiplier] = kernelShape;
    const filters = channels * multiplier;
    const dilationRate: [number, number] = [...dilations];
    return new GroupedConv2d({ ...window, filters, dilationRate, groups: channels });
  }
  const { groups } = step;
  if (groups !== undefined) {
    const dilationRate = dilations ?? ([1, 1] as const);
    return new GroupedConv2d({ ...window, filters: kernelShape[3], dilationRate, groups });
  }
  return step.op === 'conv2d'
    ? tf.layers.conv2d({
        ...window,
        filters: kernelShape[3],
        ...(dilations && { dilationRate: [...dilations] as [number, number] }),
      })
    : tf.layers.depthwiseConv2d({
        ...window,
        depthMultiplier: kernelShape[3],
        depthwiseInitializer: 'zeros',
      });
}

/** Keras counts the axes from 1, the batch not counted. */
function sharedAxesOf({ shape, alphaShape }: PreluStep): number[] {
  return alphaShape.flatMap((side, axis) => (side === 1 && shape[axis] !== 1 ? [axis + 1] : []));
}

function poolOptions({ name, window, strides, padding }: PoolStep) {
  const poolSize: [number, number] = [...window];
  const steps: [number, number] = [...strides];
  return { name, poolSize, strides: steps, padding };
}

function weightsOf(step: Step): Weights {
  if (isConvStep(step)) {
    const { kernel, kernelShape, bias } = step;
    const isGrouped = step.op === 'depthwiseConv2d' && step.dilations !== undefined;
    const [height, width, channels, multiplier] = kernelShape;
    const shape = isGrouped ? [height, width, 1, channels * multiplier] : kernelShape;
    // Keras has the outputs of a transposed convolution in front.
    const kernelWeight =
      step.op === 'transposedConv2d'
        ? {
            values: swapLast(kernel, channels, multiplier),
            shape: [height, width, multiplier, channels],
          }
        : { values: kernel, shape };
    return bias === undefined
      ? [kernelWeight]
      : [kernelWeight, { values: bias, shape: [bias.length] }];
  }
  if (step.op === 'prelu') return [{ values: step.alpha, shape: step.alphaShape }];
  if (step.op !== 'batchNorm') return [];
  const { gamma, beta, mean, variance } = step;
  return [gamma, beta, mean, variance].map((values) => ({ values, shape: [values.length] }));
}
