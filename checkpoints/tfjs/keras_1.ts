/** Layers as Keras 1 configures them, by the names that Keras has had since version 2. */
import { type Fields, isFields } from './keras_values.ts';

const CLASSES: Readonly<Record<string, string>> = {
  Convolution2D: 'Conv2D',
  AtrousConvolution2D: 'Conv2D',
  SeparableConvolution2D: 'SeparableConv2D',
  Deconvolution2D: 'Conv2DTranspose',
};

/** Of the class Merge, by its mode. */
const MERGES: Readonly<Record<string, string>> = {
  sum: 'Add',
  mul: 'Multiply',
  ave: 'Average',
  max: 'Maximum',
  concat: 'Concatenate',
};

const FIELDS: Readonly<Record<string, string>> = {
  border_mode: 'padding',
  subsample: 'strides',
  atrous_rate: 'dilation_rate',
  nb_filter: 'filters',
  output_dim: 'units',
  bias: 'use_bias',
  init: 'kernel_initializer',
  W_regularizer: 'kernel_regularizer',
  W_constraint: 'kernel_constraint',
  b_regularizer: 'bias_regularizer',
  b_constraint: 'bias_constraint',
  p: 'rate',
};

/** What Merge has beside its mode and axis, for functions of one's own. */
const OF_MERGE: ReadonlySet<string> = new Set([
  'mode',
  'concat_axis',
  'dot_axes',
  'mode_type',
  'output_shape',
  'output_shape_type',
  'output_mask',
  'output_mask_type',
  'arguments',
]);

/** The same layer by Keras 2's names; fields that have none keep theirs, and are refused where they are read. */
export function fromKeras1(
  className: string,
  config: Fields,
): { readonly className: string; readonly config: Fields } {
  if (className === 'Merge') return merged(config);
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    if (name === 'nb_row' || name === 'nb_col') continue;
    if (name === 'dim_ordering') {
      if (value === 'tf') fields.data_format = 'channels_last';
      if (value === 'th') fields.data_format = 'channels_first';
      continue;
    }
    // Mode 0 normalizes by channel, as Keras 2 does.
    if (className === 'BatchNormalization' && name === 'mode' && value === 0) continue;
    fields[Object.hasOwn(FIELDS, name) ? FIELDS[name] : name] = value;
  }
  if ('nb_row' in config) fields.kernel_size = [config.nb_row, config.nb_col];
  return {
    className: Object.hasOwn(CLASSES, className) ? CLASSES[className] : className,
    config: fields,
  };
}

function merged(config: Fields): { readonly className: string; readonly config: Fields } {
  const { mode } = config;
  const className =
    typeof mode === 'string' && Object.hasOwn(MERGES, mode) ? MERGES[mode] : undefined;
  if (className === undefined) return { className: 'Merge', config };
  const rest = Object.entries(config).filter(([name]) => !OF_MERGE.has(name));
  const axis = className === 'Concatenate' ? { axis: config.concat_axis } : {};
  return { className, config: { ...Object.fromEntries(rest), ...axis } };
}

/** Whether a version is that of Keras 1, or a topology has layers that only it had. */
export function isKeras1(version: unknown, layers: unknown): boolean {
  if (typeof version === 'string') return version.startsWith('1.');
  if (!Array.isArray(layers)) return false;
  return layers.some(
    (layer) => isFields(layer) && isFields(layer.config) && 'border_mode' in layer.config,
  );
}
