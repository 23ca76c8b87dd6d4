import * as tf from '@tensorflow/tfjs';

/** What is used of tfjs-node's backend: ops of libtensorflow by name. */
interface NativeBackend {
  readonly binding: Readonly<Record<AttributeType | 'TF_FLOAT', number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}
type AttributeType = 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL';
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string;
}

type Layer = tf.layers.Layer;

/** The parts of TensorFlow.js' layers that are used here; their classes are not exported. */
interface BatchNormLayer extends Layer {
  readonly epsilon: number;
  readonly momentum: number;
  readonly gamma: tf.LayerVariable;
  readonly beta: tf.LayerVariable;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}
interface ReluLayer extends Layer {
  readonly maxValue: number | null | undefined;
}

/**
 * Lets the batch norms and ReLUs of a model train by libtensorflow's own ops, one forward and one
 * backward (`FusedBatchNormV3`, `Relu`, `Relu6` and their gradients), where TensorFlow.js takes some
 * thirty and five. As in TensorFlow, the moving variance follows the batch's unbiased variance
 * (n / (n − 1)). Needs the TensorFlow backend.
 * @returns undoes it
 */
export function useNativeTrainingOps(model: tf.LayersModel): () => void {
  const undo: (() => void)[] = [];
  for (const layer of model.layers) {
    const train = nativeTraining(layer);
    if (train === undefined) continue;
    const original = layer.call;
    layer.call = (inputs, kwargs) =>
      kwargs.training === true
        ? train(Array.isArray(inputs) ? inputs[0]! : inputs)
        : original.call(layer, inputs, kwargs);
    undo.push(() => {
      layer.call = original;
    });
  }
  return () => {
    for (const restore of undo) restore();
  };
}

/** The layer's forward pass while training, by one op; undefined for a layer that has none. */
function nativeTraining(layer: Layer): ((x: tf.Tensor) => tf.Tensor) | undefined {
  const backend = tf.backend() as unknown as NativeBackend;
  switch (layer.getClassName()) {
    case 'BatchNormalization':
      return (x) => trainBatchNorm(backend, layer as BatchNormLayer, x);
    case 'ReLU': {
      const { maxValue } = layer as ReluLayer;
      if (maxValue === 6) return (x) => trainRelu(backend, 'Relu6', x);
      return maxValue == null ? (x) => trainRelu(backend, 'Relu', x) : undefined;
    }
    default:
      return undefined;
  }
}

type Save = (tensors: tf.Tensor[]) => void;

/** x: [N, H, W, C] → the normalized batch; the layer's moving statistics take a step. */
function trainBatchNorm(backend: NativeBackend, layer: BatchNormLayer, x: tf.Tensor): tf.Tensor {
  const { binding } = backend;
  const attributes = [
    ...floats(backend, 'T', 'U'),
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: layer.epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
  const ofThisBatch = { name: 'exponential_avg_factor', type: binding.TF_ATTR_FLOAT, value: 1 };
  const normalize = tf.customGrad((...args) => {
    const [input, gamma, beta, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, Save];
    const none = tf.tensor1d([]);
    const [y, mean, variance, ...reserved] = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      [...attributes, ofThisBatch],
      [input, gamma, beta, none, none],
      6,
    );
    follow(layer.movingMean, mean!, layer.momentum);
    follow(layer.movingVariance, variance!, layer.momentum);
    save([input, gamma, ...reserved]);
    return {
      value: y!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        backend
          .executeMultipleOutputs('FusedBatchNormGradV3', attributes, [dy, ...saved], 5)
          .slice(0, 3),
    };
  });
  return normalize(x, layer.gamma.read(), layer.beta.read());
}

function trainRelu(backend: NativeBackend, op: 'Relu' | 'Relu6', x: tf.Tensor): tf.Tensor {
  const attributes = floats(backend, 'T');
  const activate = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [tf.Tensor, Save];
    const [value] = backend.executeMultipleOutputs(op, attributes, [input], 1);
    save([value!]);
    return {
      value: value!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        backend.executeMultipleOutputs(`${op}Grad`, attributes, [dy, ...saved], 1),
    };
  });
  return activate(x);
}

function floats({ binding }: NativeBackend, ...names: readonly string[]): Attribute[] {
  return names.map((name) => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }));
}

/** moving ← decay · moving + (1 − decay) · value */
function follow(moving: tf.LayerVariable, value: tf.Tensor, decay: number): void {
  tf.tidy(() => {
    moving.write(
      moving
        .read()
        .mul(decay)
        .add(value.mul(1 - decay)),
    );
  });
}
