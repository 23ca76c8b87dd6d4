import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildNetwork } from '../../architectures/network.ts';
import { checkpointModel, slimNameOfKeras } from '../../checkpoints/checkpoint_model.ts';
import { readCheckpointV2 } from '../../checkpoints/tensor_bundle/checkpoint_v2.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { randomizeWeights, SMALL_INCEPTION } from '../architectures/support.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { memorySource } from '../support/memory_source.ts';
import { slimTensors } from './support.ts';
import { bundle } from './tensor_bundle/write_table.ts';

const SIZES = { widthMultiplier: 0.25, resolution: 128, classes: 5 };

function open(tensors: ReadonlyMap<string, WeightTensor>, name: string) {
  const { index, data } = bundle(tensors);
  return readCheckpointV2(memorySource(index, name), async () => memorySource(data, 'data'));
}

describe('checkpointModel', () => {
  afterEach(disposeModels);

  it("takes moving averages where slim's training kept them, and says so", async () => {
    const tensors = slimTensors(SIZES);
    const name = 'MobilenetV1/Conv2d_0/weights';
    const average = tensors.get(name)!.values.map((value) => value + 1);
    const averaged = { ...tensors.get(name)!, values: average };
    tensors.set(`${name}/ExponentialMovingAverage`, averaged);
    tensors.set(`${name}/RMSProp`, tensors.get(name)!);
    const { model, config, notes } = await checkpointModel(await open(tensors, 'm_0.25_128.ckpt'));
    assert.equal(config.widthMultiplier, 0.25);
    assert.equal(config.resolution, 128);
    assert.match(notes.join(), /1 variables are taken from their moving averages/);
    assert.deepEqual(model.getLayer('Conv2d_0').getWeights()[0].dataSync(), average);
    model.dispose();
  });

  it('builds an InceptionV3, and says what the file does not say', async () => {
    const original = buildNetwork(SMALL_INCEPTION);
    randomizeWeights(original);
    const tensors = new Map(
      original.weights.map(({ originalName, shape }, index): [string, WeightTensor] => {
        const slim = originalName
          .replace('/kernel', '/weights')
          .replace('/bias', '/biases')
          .replace('Conv2d_1c_1x1', 'Logits/Conv2d_1c_1x1');
        const values = original.weights[index].read().dataSync<'float32'>().slice();
        return [`InceptionV3/${slim}`, { shape: shape as number[], values }];
      }),
    );
    const { model, config } = await checkpointModel(await open(tensors, 'inception_0.1_075.ckpt'));
    assert.deepEqual(config, SMALL_INCEPTION);
    const x = tf.randomUniform([1, 75, 75, 3], -1, 1, 'float32', 1);
    const [received, expected] = [model, original].map((each) =>
      (each.predict(x) as tf.Tensor).dataSync(),
    );
    assert.deepEqual(received, expected);
    model.dispose();
    const other = await checkpointModel(await open(tensors, 'model.ckpt'));
    assert.match(other.notes.join(), /does not say the size of its images: .* for 299 × 299/);
    other.model.dispose();
  });

  it('names the tensors that are missing', async () => {
    const tensors = slimTensors(SIZES);
    tensors.delete('MobilenetV1/Conv2d_5_pointwise/BatchNorm/gamma');
    await assert.rejects(checkpointModel(await open(tensors, 'm.ckpt')), {
      name: 'UserError',
      message:
        /a MobileNetV1 of width 0\.25 with 5 classes in m\.ckpt but 1 tensors do not fit:\n {2}MobilenetV1\/Conv2d_5_pointwise\/BatchNorm\/gamma/,
    });
  });

  it("knows Keras' names", () => {
    assert.equal(slimNameOfKeras('conv1/kernel'), 'MobilenetV1/Conv2d_0/weights');
    assert.equal(
      slimNameOfKeras('conv_dw_3/depthwise_kernel'),
      'MobilenetV1/Conv2d_3_depthwise/depthwise_weights',
    );
    assert.equal(
      slimNameOfKeras('conv_pw_13_bn/moving_mean'),
      'MobilenetV1/Conv2d_13_pointwise/BatchNorm/moving_mean',
    );
    assert.equal(slimNameOfKeras('conv_preds/bias'), 'MobilenetV1/Logits/Conv2d_1c_1x1/biases');
    assert.equal(slimNameOfKeras('dense/kernel'), undefined);
  });
});
