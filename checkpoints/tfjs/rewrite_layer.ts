/** Layers of Keras as layers that TensorFlow.js computes the same with, field by field. */

import { BilinearUpSampling2d } from '../../architectures/graph/bilinear_up_sampling2d.ts';
import { GraphOperation } from '../../architectures/graph/graph_operation.ts';
import { GroupedConv2d } from '../../architectures/graph/grouped_conv2d.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import {
  clamp,
  EXPONENTIAL,
  eluOf,
  LOG_SIGMOID,
  TANH_SHRINK,
} from '../../architectures/graph/operations/functions.ts';
import { UserError } from '../../foundation/errors.ts';
import type { ChannelAffine } from '../input_affine.ts';
import type { FlatLayer } from './flat_network.ts';
import { GeneralRelu } from './general_relu.ts';
import { BUILT_CLASSES, type Rule, rulesOf } from './keras_fields.ts';
import {
  dtypeName,
  type Fields,
  functionName,
  isFields,
  numbersIn,
  plainValue,
} from './keras_values.ts';

/** A layer that TensorFlow.js can make; `config` by Keras' names. */
export interface BuiltLayer {
  readonly className: string;
  readonly config: Fields;
}

/** Of two tensors, which TensorFlow.js has no layer for. */
export const DIFFERENCE: BuiltLayer = {
  className: GraphOperation.className,
  config: { operation: { op: 'subtract', activation: 'linear' } },
};

/** A function of each value, which TensorFlow.js has no activation for. */
export function functionLayer(activation: Activation): BuiltLayer {
  return {
    className: GraphOperation.className,
    config: { operation: { op: 'activation', activation } },
  };
}

export type Rewritten =
  /** One, or two one after the other, in the place of the layer; the first has its weights. */
  | {
      readonly kind: 'layers';
      readonly layers: readonly [BuiltLayer] | readonly [BuiltLayer, BuiltLayer];
    }
  | { readonly kind: 'affine'; readonly affine: ChannelAffine; readonly layers?: never }
  /** An affine map by the layer's weights: its mean and variance. */
  | { readonly kind: 'normalization'; readonly layers?: never };

/** Who wrote a network. */
export interface KerasWriter {
  readonly version: 2 | 3;
  /** Whether Keras runs the file: TensorFlow.js has files of its own, and some layers compute otherwise there. */
  readonly isOwnFile: boolean;
}

/** Types that are computed in single precision here, as Keras' own numbers are except for rounding. */
const FLOATS: ReadonlySet<string> = new Set([
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'mixed_float16',
  'mixed_bfloat16',
]);
/** What images may come in. */
const PIXELS: ReadonlySet<string> = new Set([...FLOATS, 'uint8', 'int32', 'int64', 'uint16']);

/** Keras' name of an activation → that of TensorFlow.js, where both compute the same. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  softmax: 'softmax',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  elu: 'elu',
  selu: 'selu',
  softplus: 'softplus',
  softsign: 'softsign',
  swish: 'swish',
  silu: 'swish',
  mish: 'mish',
  gelu: 'gelu',
  log_softmax: 'log_softmax',
};
/** Keras 3 defines it anew, as MobileNetV3 has it (hard_activations.ts). */
const KERAS_2_ACTIVATIONS: Readonly<Record<string, string>> = { hard_sigmoid: 'hard_sigmoid' };
const KERAS_3_ACTIVATIONS: Readonly<Record<string, string>> = {
  hard_sigmoid: 'hard_sigmoid6',
  hard_swish: 'hard_swish',
  hard_silu: 'hard_swish',
};

/** Keras' names of functions that TensorFlow.js has no activation for. */
const FUNCTIONS: Readonly<Record<string, Activation>> = {
  exponential: EXPONENTIAL,
  hard_tanh: clamp(-1, 1),
  log_sigmoid: LOG_SIGMOID,
  tanh_shrink: TANH_SHRINK,
};

/** Of the function, which Keras' layer of that name has another of. */
const LEAKY_SLOPE = 0.2;

/** σ of Keras' Normalization is at least this. */
const LEAST_DEVIATION = 1e-7;

/** Where Keras' and TensorFlow's own classes are. */
const KERAS_MODULE = /^(tf_)?keras(\.|$)|^tensorflow\.(python\.)?keras(\.|$)|^builtins$/;

/**
 * Reads every field of a layer.
 * @throws UserError naming class, layer and field for what is not known, or not computed by TensorFlow.js
 */
export function rewriteLayer(layer: FlatLayer, writer: KerasWriter, path: string): Rewritten {
  return new LayerRewriter(layer, writer, path).run();
}

/** The error that names a layer and what of it is not supported. */
export function unsupportedLayer(
  { ownName, className }: Pick<FlatLayer, 'ownName' | 'className'>,
  path: string,
  what: string,
): UserError {
  return new UserError(`TF8 does not support ${ownName} (${className}) of ${path}: ${what}`, {
    remedy:
      'Make the network of layers and values that are supported, or export it without this layer. A network that Keras runs can also be saved as a SavedModel, model.export("DIR"), which is read operation by operation.',
  });
}

class LayerRewriter {
  private readonly layer: FlatLayer;
  private readonly writer: KerasWriter;
  private readonly path: string;
  /** An activation that is a layer of its own. */
  private activationLayer: BuiltLayer | undefined;

  constructor(layer: FlatLayer, writer: KerasWriter, path: string) {
    this.layer = layer;
    this.writer = writer;
    this.path = path;
  }

  run(): Rewritten {
    const { className, module } = this.layer;
    const rules = rulesOf(className);
    if (module !== undefined && !KERAS_MODULE.test(module)) {
      throw this.unsupported(`its class is one of its own (${module}), not Keras'`);
    }
    if (rules === undefined) {
      throw this.unsupported(
        `the class; LayersModels are read with the layers ${BUILT_CLASSES.join(', ')}`,
      );
    }
    if ('refused' in rules) throw this.unsupported(rules.refused);
    const isIdentity = 'identity' in rules;
    const config = this.readFields(isIdentity ? rules.identity : rules.fields);
    if (isIdentity) return layers('Activation', { activation: 'linear' });
    const rewritten = this.rewrite(className, config);
    if (this.activationLayer === undefined || rewritten.kind !== 'layers') return rewritten;
    return { kind: 'layers', layers: [rewritten.layers[0], this.activationLayer] };
  }

  /** The fields that are handed on. */
  private readFields(rules: Readonly<Record<string, Rule>>): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const [field, wrapped] of Object.entries(this.layer.config)) {
      const value = plainValue(wrapped);
      const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
      if (rule === undefined) {
        // What is not set is no part of the layer.
        if (value === null) continue;
        throw this.unsupported(`its field "${field}" is not known`);
      }
      if (rule === 'activation') kept[field] = this.activation(field, value);
      else if (rule === 'needed' && value !== null && value !== undefined) kept[field] = value;
      else if (typeof rule === 'object') {
        this.requireOneOf(field, value, rule.is);
        if (field === 'padding') kept[field] = value;
      }
    }
    delete kept.name;
    this.checkType();
    return kept;
  }

  private requireOneOf(field: string, value: unknown, is: readonly unknown[]): void {
    const text = JSON.stringify(value ?? null);
    if (is.some((one) => JSON.stringify(one) === text)) return;
    const wanted = is.filter((one) => one !== null).map((one) => JSON.stringify(one));
    throw this.unsupported(
      `its ${field} is ${text}${wanted.length === 0 ? '; it has none' : `; it has ${wanted.join(' or ')}`}`,
    );
  }

  private checkType(): void {
    const { className, config } = this.layer;
    const name = dtypeName(config.dtype);
    const allowed = className === 'InputLayer' ? PIXELS : FLOATS;
    if (name !== undefined && allowed.has(name)) return;
    throw this.unsupported(
      `its dtype is ${name ?? JSON.stringify(config.dtype)}; it has ${[...allowed].join(', ')}`,
    );
  }

  /** The name of an activation that both compute alike. */
  private activation(field: string, value: unknown): string {
    const name = functionName(value);
    if (name === 'leaky_relu') {
      this.activationLayer = { className: 'LeakyReLU', config: { alpha: LEAKY_SLOPE } };
      return 'linear';
    }
    if (name !== undefined && Object.hasOwn(FUNCTIONS, name)) {
      this.activationLayer = functionLayer(FUNCTIONS[name]);
      return 'linear';
    }
    if (isFields(value) && value.class_name !== 'function' && isFields(value.config)) {
      const { class_name: className, config } = value;
      const layer = { ...this.layer, className: String(className), config };
      const inner = rewriteLayer(layer, this.writer, this.path);
      if (inner.kind === 'layers' && inner.layers.length === 1) {
        [this.activationLayer] = inner.layers;
        return 'linear';
      }
    }
    const own = this.writer.version === 2 ? KERAS_2_ACTIVATIONS : KERAS_3_ACTIVATIONS;
    const known = { ...ACTIVATIONS, ...own };
    if (name !== undefined && Object.hasOwn(known, name)) return known[name];
    throw this.unsupported(
      `its ${field} is ${name ?? described(value)}; it has ${[...Object.keys(known), ...Object.keys(FUNCTIONS)].join(', ')}`,
    );
  }

  private rewrite(className: string, config: Record<string, unknown>): Rewritten {
    switch (className) {
      case 'InputLayer':
        return layers('InputLayer', { batch_input_shape: this.inputShape(), dtype: 'float32' });
      case 'BatchNormalization':
      case 'BatchNormalizationV1':
      case 'BatchNormalizationV2':
      case 'SyncBatchNormalization':
        return layers('BatchNormalization', { ...config, axis: this.oneAxis() });
      case 'Conv2D':
        return this.convolution(config);
      case 'Subtract':
        return { kind: 'layers', layers: [DIFFERENCE] };
      case 'Softmax':
        return layers('Softmax', { ...config, axis: this.oneAxis() });
      case 'ReLU':
        return this.relu();
      case 'ELU': {
        const alpha = this.number('alpha') ?? 1;
        if (alpha === 1) return layers('ELU', {});
        return { kind: 'layers', layers: [functionLayer(eluOf(alpha))] };
      }
      case 'LeakyReLU': {
        const slope = this.number('negative_slope') ?? this.number('alpha') ?? 0.3;
        return layers('LeakyReLU', { alpha: slope });
      }
      case 'GlobalAveragePooling2D':
      case 'GlobalMaxPooling2D':
        return this.globalPool(className, config);
      case 'UpSampling2D':
        return this.upSampling(config);
      case 'Rescaling':
        return {
          kind: 'affine',
          affine: { scale: this.numbers('scale') ?? [1], offset: this.numbers('offset') ?? [0] },
        };
      case 'Normalization':
        return this.normalization();
      default:
        return { kind: 'layers', layers: [{ className, config }] };
    }
  }

  /** TensorFlow.js has no groups; the layer that has them leaves the activation to another. */
  private convolution({ activation = 'linear', ...config }: Record<string, unknown>): Rewritten {
    const groups = this.number('groups') ?? 1;
    if (groups === 1) return layers('Conv2D', { activation, ...config });
    if (config.data_format === 'channels_first') {
      throw this.unsupported(`its groups is ${groups} and its data_format "channels_first"`);
    }
    const pairOf = (field: string) => {
      const [rows, columns = rows] = this.numbers(field) ?? [1];
      return [rows, columns];
    };
    const grouped = {
      filters: config.filters,
      kernel_size: pairOf('kernel_size'),
      strides: pairOf('strides'),
      dilation_rate: pairOf('dilation_rate'),
      padding: config.padding ?? 'valid',
      groups,
      use_bias: config.use_bias ?? true,
    };
    const first = { className: GroupedConv2d.className, config: grouped };
    if (activation === 'linear') return { kind: 'layers', layers: [first] };
    return { kind: 'layers', layers: [first, { className: 'Activation', config: { activation } }] };
  }

  private inputShape(): readonly (number | null)[] {
    const { config } = this.layer;
    const whole = plainValue(config.batch_input_shape ?? config.batch_shape);
    const image = plainValue(config.shape ?? config.input_shape);
    const shape = Array.isArray(whole) ? whole : Array.isArray(image) ? [null, ...image] : [];
    const isShape = shape.every(
      (side) => side === null || (Number.isSafeInteger(side) && (side as number) > 0),
    );
    if (shape.length > 0 && isShape) return [null, ...(shape.slice(1) as (number | null)[])];
    throw this.unsupported('the shape of its images is not told');
  }

  /** The only one of a list. */
  private oneAxis(): number {
    const axes = this.numbers('axis') ?? [-1];
    if (axes.length === 1 && Number.isInteger(axes[0])) return axes[0];
    throw this.unsupported(`its axis is [${axes}]; it has one`);
  }

  private relu(): Rewritten {
    const maxValue = this.number('max_value') ?? null;
    const slope = this.number('negative_slope') ?? 0;
    const threshold = this.number('threshold') ?? 0;
    if (maxValue !== null && maxValue < 0) throw this.unsupported(`its max_value is ${maxValue}`);
    if (slope === 0 && threshold === 0) {
      return layers('ReLU', maxValue === null ? {} : { max_value: maxValue });
    }
    if (maxValue === null && threshold === 0) return layers('LeakyReLU', { alpha: slope });
    if (maxValue === null && slope === 0) return layers('ThresholdedReLU', { theta: threshold });
    return layers(GeneralRelu.className, {
      max_value: maxValue,
      negative_slope: slope,
      threshold,
    });
  }

  private upSampling(config: Record<string, unknown>): Rewritten {
    const method = plainValue(this.layer.config.interpolation) ?? 'nearest';
    if (method === 'nearest') return layers('UpSampling2D', config);
    if (!this.writer.isOwnFile) this.requireOneOf('interpolation', method, ['nearest']);
    this.requireOneOf('interpolation', method, ['nearest', 'bilinear']);
    if (config.data_format === 'channels_first') {
      throw this.unsupported(
        'its interpolation is "bilinear" and its data_format "channels_first"',
      );
    }
    const [rows, columns = rows] = this.numbers('size') ?? [2];
    return layers(BilinearUpSampling2d.className, { size: [rows, columns] });
  }

  private globalPool(className: string, config: Record<string, unknown>): Rewritten {
    const { keepdims } = this.layer.config;
    if (keepdims === undefined || keepdims === null || keepdims === false) {
      return layers(className, config);
    }
    if (keepdims !== true) throw this.unsupported(`its keepdims is ${described(keepdims)}`);
    const isFirst = config.data_format === 'channels_first';
    const shape = isFirst ? [-1, 1, 1] : [1, 1, -1];
    return {
      kind: 'layers',
      layers: [
        { className, config },
        { className: 'Reshape', config: { target_shape: shape } },
      ],
    };
  }

  private normalization(): Rewritten {
    const axes = this.numbers('axis') ?? [];
    if (axes.length > 1 || (axes.length === 1 && axes[0] !== -1 && axes[0] !== 3)) {
      throw this.unsupported(`its axis is [${axes}]; it has that of the channels`);
    }
    const mean = this.numbers('mean') ?? this.numbers('input_mean');
    const variance = this.numbers('variance') ?? this.numbers('input_variance');
    if (mean === undefined || variance === undefined) return { kind: 'normalization' };
    return { kind: 'affine', affine: normalizingAffine(mean, variance) };
  }

  private number(field: string): number | undefined {
    const value = plainValue(this.layer.config[field]);
    if (value === null || value === undefined) return undefined;
    const numbers = numbersIn(value);
    if (numbers?.length === 1 && Number.isFinite(numbers[0])) return numbers[0];
    throw this.unsupported(`its ${field} is ${described(value)}; it has a number`);
  }

  private numbers(field: string): number[] | undefined {
    const value = plainValue(this.layer.config[field]);
    if (value === null || value === undefined) return undefined;
    const numbers = numbersIn(value);
    if (numbers?.every(Number.isFinite)) return numbers;
    throw this.unsupported(`its ${field} is ${described(value)}; it has numbers`);
  }

  private unsupported(what: string): UserError {
    return unsupportedLayer(this.layer, this.path, what);
  }
}

/** (x − mean) / σ */
export function normalizingAffine(
  mean: readonly number[],
  variance: readonly number[],
): ChannelAffine {
  const length = Math.max(mean.length, variance.length);
  const at = (values: readonly number[], index: number) => values[values.length === 1 ? 0 : index];
  const scale = Array.from(
    { length },
    (_, index) => 1 / Math.max(Math.sqrt(at(variance, index)), LEAST_DEVIATION),
  );
  return { scale, offset: scale.map((factor, index) => -at(mean, index) * factor) };
}

function layers(className: string, config: Fields): Rewritten {
  return { kind: 'layers', layers: [{ className, config }] };
}

function described(value: unknown): string {
  if (isFields(value) && typeof value.class_name === 'string') return value.class_name;
  return JSON.stringify(value) ?? 'undefined';
}
