/**
 * What each field of a layer's configuration means here, class by class: of Keras 2.15, Keras 3.15 and
 * TensorFlow.js 4.22, whose layers are those that can be built.
 */

/** What is done with a field. */
export type Rule =
  /** TensorFlow.js needs it: handed on. */
  | 'needed'
  /** A name of an activation: handed on where TensorFlow.js computes what Keras does. */
  | 'activation'
  /** Only training asks for it: left out. */
  | 'training'
  /** It says nothing of what the layer computes: ignored. */
  | 'meaningless'
  /** The layer is rewritten by it (rewrite_layer.ts). */
  | 'rewritten'
  /** Any other value makes the layer compute something that TensorFlow.js does not. */
  | { readonly is: readonly unknown[] };

export type LayerRules = Readonly<Record<string, Rule>>;

/** What is done with a class. */
export type ClassRules =
  | { readonly fields: LayerRules }
  /** It changes nothing in inference: left out, with all of its fields. */
  | { readonly identity: LayerRules }
  /** No network of TF8 has it, or TensorFlow.js computes something else. */
  | { readonly refused: string };

const only = (...is: readonly unknown[]): Rule => ({ is });

/** Of every layer. */
const EVERY: LayerRules = {
  name: 'needed',
  trainable: 'training',
  dtype: 'rewritten',
  batch_input_shape: 'rewritten',
  batch_shape: 'rewritten',
  input_dtype: 'meaningless',
  activity_regularizer: 'training',
  dynamic: only(false, null),
  autocast: 'meaningless',
  experimental_autocast: 'meaningless',
};

function trained(...weights: readonly string[]): LayerRules {
  const parts = ['initializer', 'regularizer', 'constraint'];
  return Object.fromEntries(
    weights.flatMap((weight) => parts.map((part) => [`${weight}_${part}`, 'training'] as const)),
  );
}

const PADDING = only('same', 'valid');

const WINDOW: LayerRules = {
  strides: 'needed',
  padding: PADDING,
  data_format: 'needed',
};

const BIASED: LayerRules = { use_bias: 'needed', activation: 'activation', ...trained('bias') };

/** Keras 3 keeps what fine-tuning and its own quantization add to a layer's weights. */
const ADAPTED: LayerRules = {
  lora_rank: only(null),
  lora_alpha: only(null),
  quantization_config: only(null),
};

const CONVOLUTION: LayerRules = {
  ...WINDOW,
  ...BIASED,
  ...ADAPTED,
  ...trained('kernel'),
  rank: 'meaningless',
  kernel_size: 'needed',
  dilation_rate: 'needed',
  groups: only(1, null),
};

const TRANSPOSED: LayerRules = {
  ...CONVOLUTION,
  filters: 'needed',
  dilation_rate: only(1, [1, 1], null),
  output_padding: only(null),
};

const POOL: LayerRules = { ...WINDOW, pool_size: 'needed' };
const GLOBAL_POOL: LayerRules = { data_format: 'needed', keepdims: 'rewritten' };
const SEED: LayerRules = { seed: 'training', seed_generator: 'training' };
const DROPOUT: LayerRules = { ...SEED, rate: 'needed', noise_shape: 'training' };

const AUGMENTATION: LayerRules = {
  ...SEED,
  factor: 'training',
  height_factor: 'training',
  width_factor: 'training',
  mode: 'training',
  fill_mode: 'training',
  fill_value: 'training',
  interpolation: 'training',
  value_range: 'training',
  data_format: 'training',
  scale: 'training',
  x_factor: 'training',
  y_factor: 'training',
  kernel_size: 'training',
  sigma: 'training',
  brightness_factor: 'training',
  contrast_factor: 'training',
  saturation_factor: 'training',
  hue_factor: 'training',
  num_ops: 'training',
};

const normalized = (rules: LayerRules): LayerRules => ({
  ...trained('beta', 'gamma'),
  ...rules,
  epsilon: 'needed',
  center: 'needed',
  scale: 'needed',
});

const fields = (rules: LayerRules): ClassRules => ({ fields: { ...EVERY, ...rules } });
const identity = (rules: LayerRules): ClassRules => ({ identity: { ...EVERY, ...rules } });
const refused = (reason: string): ClassRules => ({ refused: reason });

const SEQUENCES = refused('it reads sequences; a classifier of images has no such layer');
const VOLUMES = refused('it reads volumes; a classifier of images has no such layer');
const RESIZED = refused(
  'it changes the size of images, which is done before the network; TensorFlow.js does it in another way than Keras',
);

const BATCH_NORM = fields({
  ...normalized(trained('moving_mean', 'moving_variance')),
  axis: 'rewritten',
  momentum: 'training',
  fused: 'meaningless',
  synchronized: 'training',
  renorm: only(false, null),
  renorm_clipping: 'training',
  renorm_momentum: 'training',
  virtual_batch_size: only(null),
  adjustment: only(null),
});

const RULES: Readonly<Record<string, ClassRules>> = {
  InputLayer: fields({
    input_shape: 'rewritten',
    shape: 'rewritten',
    sparse: only(false, null),
    ragged: only(false, null),
    optional: only(false, null),
    input_tensor: only(null),
  }),
  Conv2D: fields({ ...CONVOLUTION, filters: 'needed', groups: 'rewritten' }),
  DepthwiseConv2D: fields({
    ...CONVOLUTION,
    ...trained('depthwise'),
    depth_multiplier: 'needed',
    filters: 'meaningless',
  }),
  SeparableConv2D: fields({
    ...CONVOLUTION,
    ...trained('depthwise', 'pointwise'),
    filters: 'needed',
    depth_multiplier: 'needed',
  }),
  Conv2DTranspose: fields(TRANSPOSED),
  Dense: fields({
    ...BIASED,
    ...ADAPTED,
    ...trained('kernel'),
    units: 'needed',
    input_dim: 'meaningless',
    quantization_mode: only(null),
  }),
  BatchNormalization: BATCH_NORM,
  // What tf.keras 1.14 to 2.0 and TensorFlow 2's classes for several devices call it.
  BatchNormalizationV1: BATCH_NORM,
  BatchNormalizationV2: BATCH_NORM,
  SyncBatchNormalization: BATCH_NORM,
  LayerNormalization: fields({
    ...normalized({}),
    axis: 'needed',
    dtype: 'rewritten',
    rms_scaling: only(false, null),
  }),
  ReLU: fields({ max_value: 'rewritten', negative_slope: 'rewritten', threshold: 'rewritten' }),
  LeakyReLU: fields({ alpha: 'rewritten', negative_slope: 'rewritten' }),
  PReLU: fields({ ...trained('alpha'), shared_axes: 'needed' }),
  ELU: fields({ alpha: 'rewritten' }),
  ThresholdedReLU: fields({ theta: 'needed' }),
  Softmax: fields({ axis: 'rewritten' }),
  Activation: fields({ activation: 'activation' }),
  MaxPooling2D: fields(POOL),
  AveragePooling2D: fields(POOL),
  GlobalMaxPooling2D: fields(GLOBAL_POOL),
  GlobalAveragePooling2D: fields(GLOBAL_POOL),
  ZeroPadding2D: fields({ padding: 'needed', data_format: 'needed' }),
  Cropping2D: fields({ cropping: 'needed', data_format: 'needed' }),
  UpSampling2D: fields({ size: 'needed', data_format: 'needed', interpolation: 'rewritten' }),
  Flatten: fields({ data_format: 'needed' }),
  Reshape: fields({ target_shape: 'needed' }),
  Permute: fields({ dims: 'needed' }),
  Add: fields({}),
  Multiply: fields({}),
  Subtract: fields({}),
  Average: fields({}),
  Maximum: fields({}),
  Minimum: fields({}),
  Concatenate: fields({ axis: 'needed' }),
  Dot: fields({ axes: 'needed', normalize: 'needed' }),
  Dropout: fields(DROPOUT),
  GaussianNoise: fields({ ...SEED, stddev: 'needed' }),
  GaussianDropout: fields({ ...SEED, rate: 'needed' }),
  AlphaDropout: fields({ ...SEED, rate: 'needed', noise_shape: 'training' }),
  Rescaling: fields({ scale: 'rewritten', offset: 'rewritten' }),
  Normalization: fields({
    axis: 'rewritten',
    mean: 'rewritten',
    variance: 'rewritten',
    input_mean: 'rewritten',
    input_variance: 'rewritten',
    invert: only(false, null),
  }),

  SpatialDropout2D: identity({ ...DROPOUT, rate: 'training', data_format: 'training' }),
  ActivityRegularization: identity({ l1: 'training', l2: 'training' }),
  Identity: identity({}),
  RandomFlip: identity(AUGMENTATION),
  RandomRotation: identity(AUGMENTATION),
  RandomZoom: identity(AUGMENTATION),
  RandomTranslation: identity(AUGMENTATION),
  RandomContrast: identity(AUGMENTATION),
  RandomBrightness: identity(AUGMENTATION),
  RandomShear: identity(AUGMENTATION),
  RandomPerspective: identity(AUGMENTATION),
  RandomGaussianBlur: identity(AUGMENTATION),
  RandomGrayscale: identity(AUGMENTATION),
  RandomHue: identity(AUGMENTATION),
  RandomSaturation: identity(AUGMENTATION),
  RandomSharpness: identity(AUGMENTATION),
  RandomColorJitter: identity(AUGMENTATION),
  RandomColorDegeneration: identity(AUGMENTATION),
  RandomPosterization: identity(AUGMENTATION),
  RandomInvert: identity(AUGMENTATION),
  RandomErasing: identity(AUGMENTATION),
  RandomElasticTransform: identity(AUGMENTATION),
  RandAugment: identity(AUGMENTATION),
  RandomHeight: identity(AUGMENTATION),
  RandomWidth: identity(AUGMENTATION),

  Lambda: refused(
    'its function is code in Python, which is not run; put a layer that does the same in its place (Rescaling, Activation) and save the model again',
  ),
  CenterCrop: RESIZED,
  RandomCrop: RESIZED,
  Resizing: RESIZED,
  CategoryEncoding: refused('it reads categories; a classifier of images has no such layer'),
  Conv1D: SEQUENCES,
  MaxPooling1D: SEQUENCES,
  AveragePooling1D: SEQUENCES,
  GlobalMaxPooling1D: SEQUENCES,
  GlobalAveragePooling1D: SEQUENCES,
  SpatialDropout1D: SEQUENCES,
  RepeatVector: SEQUENCES,
  Masking: SEQUENCES,
  Embedding: SEQUENCES,
  RNN: SEQUENCES,
  SimpleRNN: SEQUENCES,
  SimpleRNNCell: SEQUENCES,
  GRU: SEQUENCES,
  GRUCell: SEQUENCES,
  LSTM: SEQUENCES,
  LSTMCell: SEQUENCES,
  StackedRNNCells: SEQUENCES,
  ConvLSTM2D: SEQUENCES,
  ConvLSTM2DCell: SEQUENCES,
  ConvRNN2D: SEQUENCES,
  TimeDistributed: SEQUENCES,
  Bidirectional: SEQUENCES,
  EinsumDense: SEQUENCES,
  MultiHeadAttention: SEQUENCES,
  BytePairTokenizer: SEQUENCES,
  Conv3D: VOLUMES,
  Conv3DTranspose: VOLUMES,
  MaxPooling3D: VOLUMES,
  AveragePooling3D: VOLUMES,
};

/** The rules of a class; undefined where it is not known. */
export function rulesOf(className: string): ClassRules | undefined {
  return Object.hasOwn(RULES, className) ? RULES[className] : undefined;
}

/** The classes that can be built, for errors. */
export const BUILT_CLASSES: readonly string[] = Object.keys(RULES).filter(
  (name) => 'fields' in RULES[name],
);
