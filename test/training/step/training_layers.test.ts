import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { STANDARD, VARIANTS, type Variant } from '../../../architectures/variants.ts';
import { useTrainingLayers } from '../../../training/step/training_layers.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { assertClose, onCpu } from '../compile/support.ts';

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

function noSeed(): never {
  throw new Error('Expected no dropout');
}

/** One forward and backward pass of training; the weights stay as they are. */
function trainingPass(model: tf.LayersModel): Pass {
  const logits = logitsModel(model);
  const variables = logits.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const names = logits.trainableWeights.map((weight) => weight.originalName);
  const valuesOf = (tensor: tf.Tensor) => tensor.dataSync<'float32'>().slice();
  let pass!: Pass;
  tf.tidy(() => {
    const images = tf.randomUniform([IMAGES, 64, 64, 3], -1, 1, 'float32', 7);
    const labels = tf.oneHot(tf.range(0, IMAGES, 1, 'int32').mod(tf.scalar(4, 'int32')), 4);
    const { value, grads } = tf.variableGrads(
      () =>
        tf.losses
          .softmaxCrossEntropy(labels, logits.apply(images, { training: true }) as tf.Tensor2D)
          .asScalar(),
      variables,
    );
    pass = {
      loss: value.dataSync()[0],
      gradients: new Map(variables.map(({ name }, i) => [names[i], valuesOf(grads[name])])),
      statistics: new Map(
        model.weights
          .filter(({ originalName }) => originalName.includes('/moving_'))
          .map((weight) => [weight.originalName, valuesOf(weight.read())]),
      ),
    };
  });
  return pass;
}

/** The lengths' ratio |a − b| / |b|. */
function relativeDifference(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): number {
  let [difference, size] = [0, 0];
  for (const [name, values] of b) {
    values.forEach((value, i) => {
      difference += (a.get(name)![i] - value) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

describe('useTrainingLayers', () => {
  before(needsTensorFlow);

  for (const variant of VARIANTS) {
    it(`${variant.name}: gives the loss and the gradients of TensorFlow.js’ own layers`, () => {
      const model = networkOf(variant);
      const expected = trainingPass(model);
      const restore = useTrainingLayers(model, noSeed);
      const actual = trainingPass(model);
      restore();
      model.dispose();
      assertClose([actual.loss], [expected.loss], 1e-5, 'the loss');
      // 27 batch norms of few values magnify the rounding, so all gradients are compared at once.
      const relative = relativeDifference(actual.gradients, expected.gradients);
      assert.ok(relative <= 0.05, `relative difference ${relative}`);
    });
  }

  for (const maxValue of [undefined, 6, 3]) {
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
        useTrainingLayers(model, noSeed);
        assertClose(gradient(x).dataSync<'float32'>(), expected, 1e-6, 'the gradient');
      });
      model.dispose();
    });
  }

  for (const [where, run] of [
    ['libtensorflow', (body: () => void) => body()],
    ['plain JavaScript', onCpu],
  ] as const) {
    it(`a batch norm without γ trains like one with γ = 1, in ${where}`, async () => {
      const pass = (scale: boolean, useOurs: boolean) => {
        const input = tf.input({ shape: [8, 8, 5] });
        const batchNorm = tf.layers.batchNormalization({ epsilon: 1e-3, momentum: DECAY, scale });
        const outputs = batchNorm.apply(input) as tf.SymbolicTensor;
        const model = tf.model({ inputs: input, outputs });
        if (useOurs) useTrainingLayers(model, noSeed);
        const values = tf.tidy(() => {
          const x = tf.randomNormal([4, 8, 8, 5], 1, 2, 'float32', 3);
          const weights = tf.randomNormal([4, 8, 8, 5], 0, 1, 'float32', 4);
          const loss = (t: tf.Tensor) =>
            (model.apply(t, { training: true }) as tf.Tensor).mul(weights).sum<tf.Scalar>();
          const beta = batchNorm.weights
            .find(({ originalName }) => originalName.endsWith('beta'))!
            .read() as tf.Variable;
          const byBeta = tf.variableGrads(() => loss(x), [beta]).grads[beta.name];
          const byInput = tf.grad(loss)(x);
          const mean = batchNorm.weights.at(-2)!.read();
          return [byBeta, byInput, mean].map((value) => value.dataSync<'float32'>().slice());
        });
        model.dispose();
        return values;
      };
      await run(() => {
        const expected = pass(true, false);
        pass(false, true).forEach((values, i) => {
          const what = ['β’s gradient', 'the input’s gradient', 'the moving mean'][i];
          assertClose(values, expected[i], 1e-5, what);
        });
      });
    });
  }

  it('moves the mean as TensorFlow.js does, the variance towards the unbiased one', () => {
    const [ours, theirs] = [networkOf(STANDARD), networkOf(STANDARD)];
    useTrainingLayers(ours, noSeed);
    const { statistics } = trainingPass(ours);
    // Conv2d_0 has 32 × 32 positions an image; moving variances start at 1.
    const n = IMAGES * 32 * 32;
    for (const [name, expected] of trainingPass(theirs).statistics) {
      if (!name.startsWith('Conv2d_0/')) continue;
      const wanted = name.endsWith('moving_mean')
        ? expected
        : expected.map((value) => DECAY + ((value - DECAY) * n) / (n - 1));
      assertClose(statistics.get(name)!, wanted, 1e-6, name);
    }
    ours.dispose();
    theirs.dispose();
  });

  describe('dropout', () => {
    const SIZE = 10_000;

    /** Two dropouts beside each other, of `rate` and of 0.25, over ones. */
    function dropped(rate: number, seed: readonly number[], training = true): Float32Array[] {
      const input = tf.input({ shape: [SIZE] });
      const outputs = [rate, 0.25].map(
        (share) => tf.layers.dropout({ rate: share }).apply(input) as tf.SymbolicTensor,
      );
      const model = tf.model({ inputs: input, outputs });
      return tf.tidy(() => {
        const restore = useTrainingLayers(model, () => tf.tensor1d([...seed], 'int32'));
        const results = model.apply(tf.ones([1, SIZE]), { training }) as tf.Tensor[];
        restore();
        return results.map((result) => result.dataSync<'float32'>().slice());
      });
    }

    it('zeroes its share and scales the rest up, so that the mean stays', () => {
      const [first, second] = dropped(0.5, [1, 0]) as [Float32Array, Float32Array];
      for (const [values, rate] of [
        [first, 0.5],
        [second, 0.25],
      ] as const) {
        const kept = Math.fround(1 / (1 - rate));
        assert.ok(values.every((value) => value === 0 || value === kept));
        const zeroed = values.filter((value) => value === 0).length / SIZE;
        // σ = √(rate · (1 − rate) / 10⁴) ≤ 0.005
        assert.ok(Math.abs(zeroed - rate) <= 0.02, `${zeroed} instead of ${rate}`);
      }
    });

    it('depends on the seed alone, and each dropout of a network draws for itself', () => {
      assert.deepEqual(dropped(0.25, [3, 0]), dropped(0.25, [3, 0]));
      assert.notDeepEqual(dropped(0.25, [4, 0]), dropped(0.25, [3, 0]));
      const [first, second] = dropped(0.25, [3, 0]);
      assert.notDeepEqual(first, second);
    });

    it('of rate 0 and in inference passes all on', () => {
      const ones = new Float32Array(SIZE).fill(1);
      assert.deepEqual(dropped(0, [1, 0])[0], ones);
      assert.deepEqual(dropped(0.5, [1, 0], false), [ones, ones]);
    });

    it('draws by the seed without libtensorflow too', async () => {
      await onCpu(() => {
        assert.deepEqual(dropped(0.25, [3, 0]), dropped(0.25, [3, 0]));
        assert.notDeepEqual(dropped(0.25, [4, 0]), dropped(0.25, [3, 0]));
      });
    });
  });

  it('leaves inference, and after its undoing training too, to TensorFlow.js', () => {
    const model = networkOf(STANDARD);
    const images = tf.randomUniform([2, 64, 64, 3], -1, 1, 'float32', 3);
    const predict = () => tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync().slice());
    const before = predict();
    const originals = model.layers.map((layer) => layer.call);
    const restore = useTrainingLayers(model, noSeed);
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
