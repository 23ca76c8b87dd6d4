/**
 * The float path against an independent implementation: TensorFlow's own execution of the published
 * frozen graph. Its figures lie in fixtures/mobilenet_v1_1.0_224.json, made by
 * fixtures/generate_tensorflow_activations.py, which says how and with which versions.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { BATCH_NORM_EPSILON } from '../../architectures/conv_layer.ts';
import { handleZeroVariance } from '../../architectures/graph/fold_batch_norm.ts';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { publishedModel } from '../support/published_model.ts';

const NAME = 'mobilenet_v1_1.0_224';
const RESOLUTION = 224;

interface Summary {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly sampleStride: number;
  readonly samples: readonly number[];
}

const fixture: {
  readonly batchNormEpsilons: readonly number[];
  readonly top5: readonly number[];
  readonly tensors: Readonly<Record<string, Summary>>;
} = JSON.parse(readFileSync(new URL(`fixtures/${NAME}.json`, import.meta.url), 'utf8'));

/** x[0, h, w, c] = ((h · w · (c + 1)) mod 256) / 127.5 − 1, as in the generator. */
function syntheticImage(): tf.Tensor4D {
  const values = new Float32Array(RESOLUTION * RESOLUTION * 3);
  let index = 0;
  for (let h = 0; h < RESOLUTION; h++) {
    for (let w = 0; w < RESOLUTION; w++) {
      for (let c = 0; c < 3; c++) values[index++] = ((h * w * (c + 1)) % 256) / 127.5 - 1;
    }
  }
  return tf.tensor4d(values, [1, RESOLUTION, RESOLUTION, 3]);
}

describe('the pulled mobilenet_v1_1.0_224', () => {
  const activations = new Map<string, Float32Array>();
  const depthwiseVariances = new Map<string, Float32Array>();

  before(async function () {
    this.timeout(300_000);
    const { model } = await loadModelFolder(await publishedModel(this));
    for (const variable of model.weights) {
      if (!variable.originalName.endsWith('_depthwise/BatchNorm/moving_variance')) continue;
      const variance = variable.read().dataSync<'float32'>().slice();
      depthwiseVariances.set(variable.originalName.split('/')[0], variance);
    }
    const names = Object.keys(fixture.tensors);
    const probes = tf.model({
      inputs: model.inputs,
      outputs: names.map((name) => model.getLayer(name).output as tf.SymbolicTensor),
    });
    const outputs = tf.tidy(() => probes.predict(syntheticImage()) as tf.Tensor[]);
    for (const [index, output] of outputs.entries()) {
      activations.set(names[index], await output.data<'float32'>());
      output.dispose();
    }
    model.dispose();
  });

  for (const [name, expected] of Object.entries(fixture.tensors)) {
    it(`gives at ${name} what TensorFlow gives, up to the rounding of single precision`, () => {
      const actual = activations.get(name)!;
      assert.equal(
        actual.length,
        expected.shape.reduce((product, size) => product * size, 1),
      );
      // 27 layers of sums of up to 4608 single-precision products in another order.
      const rootMeanSquare = Math.sqrt(expected.sumOfSquares / actual.length);
      const tolerance = 5e-5 * rootMeanSquare;
      expected.samples.forEach((sample, index) => {
        const at = index * expected.sampleStride;
        const difference = Math.abs(actual[at] - sample);
        assert.ok(difference <= tolerance, `[${at}]: expected ${sample}, received ${actual[at]}`);
      });
      const sum = actual.reduce((total, value) => total + value, 0);
      const sumOfSquares = actual.reduce((total, value) => total + value * value, 0);
      assert.ok(Math.abs(sum - expected.sum) <= tolerance * actual.length, `sum ${sum}`);
      assert.ok(
        Math.abs(sumOfSquares / expected.sumOfSquares - 1) <= 1e-4,
        `sum of squares ${sumOfSquares}`,
      );
    });
  }

  it('ranks the same five classes highest', () => {
    const logits = activations.get('SpatialSqueeze')!;
    const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
    assert.deepEqual(order.slice(0, 5), fixture.top5);
  });

  it('has zero-variance channels in seven depthwise batch norms, as arXiv 1803.08607 found', () => {
    const dead: Record<string, number> = {};
    for (const [layer, variance] of depthwiseVariances) {
      const { channels } = handleZeroVariance(variance, 'mean');
      if (channels.length > 0) dead[layer] = channels.length;
      const near = variance.filter((value) => value > 1e-30 && value < 1e-4);
      assert.equal(near.length, 0, `${layer} has variances near the threshold: ${near}`);
    }
    assert.deepEqual(dead, {
      Conv2d_1_depthwise: 7,
      Conv2d_2_depthwise: 2,
      Conv2d_3_depthwise: 4,
      Conv2d_4_depthwise: 1,
      Conv2d_9_depthwise: 1,
      Conv2d_10_depthwise: 1,
      Conv2d_13_depthwise: 4,
    });
  });

  it('has the batch-norm epsilon of the frozen graph', () => {
    assert.deepEqual(fixture.batchNormEpsilons, [Math.fround(BATCH_NORM_EPSILON)]);
  });
});
