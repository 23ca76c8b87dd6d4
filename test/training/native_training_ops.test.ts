import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1, logitsModel } from '../../architectures/build_model.ts';
import { VARIANTS, type Variant } from '../../architectures/variants.ts';
import { useNativeTrainingOps } from '../../training/native_training_ops.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const IMAGES = 16;
const DECAY = 0.75;

interface Pass {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly statistics: ReadonlyMap<string, Float32Array>;
}

function networkOf(variant: Variant): tf.LayersModel {
  return buildMobileNetV1(
    { variant, widthMultiplier: 0.25, resolution: 64, classes: 4 },
    { batchNormDecay: DECAY, dropout: 0, seed: 5 },
  );
}

/** One forward and backward pass of training; the weights stay as they are. */
function trainingPass(model: tf.LayersModel): Pass {
  const logits = logitsModel(model);
  const variables = logits.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const names = logits.trainableWeights.map((weight) => weight.originalName);
  const images = tf.randomUniform([IMAGES, 64, 64, 3], -1, 1, 'float32', 7);
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: IMAGES }, (_, i) => i % 4),
      'int32',
    ),
    4,
  );
  const { value, grads } = tf.variableGrads(
    () =>
      tf.losses
        .softmaxCrossEntropy(labels, logits.apply(images, { training: true }) as tf.Tensor2D)
        .asScalar(),
    variables,
  );
  const valuesOf = (tensor: tf.Tensor) => tensor.dataSync<'float32'>().slice();
  const pass = {
    loss: value.dataSync()[0]!,
    gradients: new Map(variables.map(({ name }, i) => [names[i]!, valuesOf(grads[name]!)])),
    statistics: new Map(
      model.weights
        .filter(({ originalName }) => originalName.includes('/moving_'))
        .map((weight) => [weight.originalName, valuesOf(weight.read())]),
    ),
  };
  tf.dispose([images, labels, value, grads]);
  return pass;
}

function assertClose(
  name: string,
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
): void {
  actual.forEach((value, i) => {
    assert.ok(
      Math.abs(value - expected[i]!) <= tolerance,
      `${name}[${i}]: expected ${expected[i]}, received ${value}`,
    );
  });
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

describe('useNativeTrainingOps', () => {
  before(needsTensorFlow);

  for (const variant of VARIANTS) {
    it(`${variant.name}: gives the loss and the gradients of TensorFlow.js’ own operations`, () => {
      const model = networkOf(variant);
      const expected = trainingPass(model);
      const restore = useNativeTrainingOps(model);
      const actual = trainingPass(model);
      restore();
      model.dispose();
      assert.ok(Math.abs(actual.loss - expected.loss) <= 1e-5, `${actual.loss} ${expected.loss}`);
      // 27 batch norms of few values magnify the rounding, so all gradients are compared at once.
      let difference = 0;
      let size = 0;
      for (const [name, gradient] of expected.gradients) {
        const received = actual.gradients.get(name)!;
        gradient.forEach((value, i) => {
          difference += (received[i]! - value) ** 2;
          size += value ** 2;
        });
      }
      const relative = Math.sqrt(difference / size);
      assert.ok(relative <= 0.05, `relative difference ${relative}`);
    });
  }

  for (const maxValue of [undefined, 6]) {
    it(`a batch norm and a ReLU bounded at ${maxValue} have the gradients of TensorFlow.js’ own`, () => {
      const input = tf.input({ shape: [8, 8, 5] });
      const batchNorm = tf.layers.batchNormalization({ epsilon: 1e-3 });
      const relu = tf.layers.reLU(maxValue === undefined ? {} : { maxValue });
      const outputs = relu.apply(batchNorm.apply(input)) as tf.SymbolicTensor;
      const model = tf.model({ inputs: input, outputs });
      tf.tidy(() => {
        batchNorm.setWeights([
          tf.tensor1d([5, 4, 3, 2, 1]),
          tf.tensor1d([1, 2, 3, 0, -1]),
          tf.zeros([5]),
          tf.ones([5]),
        ]);
        const x = tf.randomNormal([4, 8, 8, 5], 0, 1, 'float32', 3);
        const weights = tf.randomNormal([4, 8, 8, 5], 0, 1, 'float32', 4);
        const gradient = tf.grad((t: tf.Tensor) =>
          (model.apply(t, { training: true }) as tf.Tensor).mul(weights).sum(),
        );
        const expected = gradient(x).dataSync<'float32'>();
        useNativeTrainingOps(model);
        const actual = gradient(x).dataSync<'float32'>();
        assertClose('x', actual, expected, 1e-6 * largest(expected));
      });
      model.dispose();
    });
  }

  it('moves the mean as TensorFlow.js does, the variance towards the unbiased one', () => {
    const [ours, theirs] = [networkOf(VARIANTS[0]!), networkOf(VARIANTS[0]!)];
    useNativeTrainingOps(ours);
    const { statistics } = trainingPass(ours);
    // Conv2d_0 has 32 × 32 positions an image; moving variances start at 1.
    const n = IMAGES * 32 * 32;
    for (const [name, expected] of trainingPass(theirs).statistics) {
      if (!name.startsWith('Conv2d_0/')) continue;
      const wanted = name.endsWith('moving_mean')
        ? expected
        : expected.map((value) => DECAY + ((value - DECAY) * n) / (n - 1));
      assertClose(name, statistics.get(name)!, wanted, 1e-6);
    }
    ours.dispose();
    theirs.dispose();
  });

  it('leaves inference, and after its undoing training too, to TensorFlow.js', () => {
    const model = networkOf(VARIANTS[0]!);
    const images = tf.randomUniform([2, 64, 64, 3], -1, 1, 'float32', 3);
    const predict = () => tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync().slice());
    const before = predict();
    const originals = model.layers.map((layer) => layer.call);
    const restore = useNativeTrainingOps(model);
    assert.deepEqual(predict(), before);
    restore();
    assert.deepEqual(
      model.layers.map((layer) => layer.call),
      originals,
    );
    tf.dispose(images);
    model.dispose();
  });
});
