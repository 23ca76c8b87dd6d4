import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { transferWeights } from '../../../architectures/transfer_weights.ts';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { IMAGENET_CLASSES } from '../../../datasets/imagenet/imagenet_classes.ts';
import { fuseGraph, fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { describeModel } from '../../../workflows/describe/describe_model.ts';
import { openFloatModel } from '../../../workflows/open/open_model.ts';
import { randomizeWeights } from '../../architectures/support.ts';
import { mobileNetGraph } from '../../checkpoints/graph_def/network/graph_fixture.ts';
import { kerasMobileNet, savePublishedStyle } from '../../checkpoints/keras_mobilenet.ts';
import { liveMobileNet, predictions, twoImages } from '../../checkpoints/live_mobilenet.ts';
import { bundle, versionOne } from '../../checkpoints/tensor_bundle/write_table.ts';
import { contextOf } from '../../scripts/support.ts';
import { disposeModels } from '../../support/dispose_models.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const SIZES = { widthMultiplier: 0.25, resolution: 32, classes: 1001 };

function assertClose(received: Float32Array, expected: Float32Array): void {
  assert.equal(received.length, expected.length);
  received.forEach((value, index) => {
    assert.ok(
      Math.abs(value - expected[index]) < 1e-5,
      `${index}: ${value}, not ${expected[index]}`,
    );
  });
}

describe('a model of another program', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const live = () => liveMobileNet(SIZES);

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-import-'));
    const { tensors } = live();
    await writeFile(at('frozen_graph.pb'), mobileNetGraph(SIZES, 'arithmetic', tensors).frozen());
    const { json, weights } = mobileNetGraph(SIZES, 'fused convolution', tensors).graphModel();
    await mkdir(at('graph_model'));
    await writeFile(at('graph_model/model.json'), JSON.stringify(json));
    await writeFile(at('graph_model/group1-shard1of1.bin'), weights);
    await mkdir(at('saved_model'));
    await writeFile(
      at('saved_model/saved_model.pb'),
      mobileNetGraph(SIZES, 'fused', tensors).savedModel('MobilenetV1/Predictions/Reshape_1'),
    );
    const { index, data } = bundle(tensors);
    await writeFile(at('mobilenet_v1_0.25_128.ckpt.index'), index);
    await writeFile(at('mobilenet_v1_0.25_128.ckpt.data-00000-of-00001'), data);
    await writeFile(at('mobilenet_v1_0.25_192.ckpt'), versionOne(tensors));
  });

  afterEach(disposeModels);

  after(() => folder && rm(folder, { recursive: true, force: true }));

  for (const alpha of [0.25, 0.5]) {
    for (const padsFirst of [false, true]) {
      it(`with Keras' names, width ${alpha}${padsFirst ? ' and padding layers' : ''}, becomes ours with the same output`, async () => {
        const options = { alpha, resolution: 32, classes: 1000, padsFirst };
        const original = kerasMobileNet(options);
        randomizeWeights(original);
        const path = at(`keras_${alpha}_${padsFirst}`);
        await savePublishedStyle(original, path);
        const reporter = recordingReporter();
        const { layersModel, facts } = await openFloatModel(path, contextOf(reporter));
        const x = twoImages(32);
        assertClose(predictions(layersModel, x), predictions(original, x));
        assert.deepEqual(facts.architecture, {
          network: 'mobilenet_v1',
          variant: STANDARD,
          widthMultiplier: alpha,
          resolution: 32,
          classes: 1000,
        });
        const { labelOffset, classNames, known } = facts.labels;
        assert.deepEqual([labelOffset, classNames.length, known], [0, 1000, true]);
        assert.match(
          reporter.messages.join('\n'),
          /tfjs LayersModel, MobileNetV1 standard of width .*, 32 × 32, 1000 outputs: ImageNet's classes without a background class/,
        );
        // The converter takes the original too: a softmax before a reshape is the end.
        assert.equal(fuseLayersModel(original, { zeroVariance: 'keep' }).nodes.length, 29);
        const target = buildMobileNetV1({
          ...options,
          widthMultiplier: alpha,
          classes: 10,
          variant: FRIENDLY,
        });
        const report = transferWeights(layersModel, target, { zeroVariance: 'keep' });
        assert.deepEqual(report.left, ['Conv2d_1c_1x1']);
        assert.equal(report.folded.length, 13);
      });
    }
  }

  const FILES: Readonly<
    Record<string, readonly [format: string, resolution: number, folded: number]>
  > = {
    'frozen_graph.pb': ['TensorFlow frozen graph', 32, 0],
    graph_model: ['tfjs GraphModel', 32, 27],
    saved_model: ['TensorFlow SavedModel', 32, 0],
    'saved_model/saved_model.pb': ['TensorFlow SavedModel', 32, 0],
    'mobilenet_v1_0.25_128.ckpt': ['TensorFlow checkpoint V2', 128, 0],
    'mobilenet_v1_0.25_128.ckpt.index': ['TensorFlow checkpoint V2', 128, 0],
    'mobilenet_v1_0.25_128.ckpt.data-00000-of-00001': ['TensorFlow checkpoint V2', 128, 0],
    'mobilenet_v1_0.25_192.ckpt': ['TensorFlow checkpoint V1', 192, 0],
  };
  for (const [name, [format, resolution, folded]] of Object.entries(FILES)) {
    it(`is known by its content: ${name}`, async () => {
      const reporter = recordingReporter();
      const { layersModel, facts } = await openFloatModel(at(name), contextOf(reporter));
      assert.equal(facts.format, format);
      assert.deepEqual(facts.architecture, {
        network: 'mobilenet_v1',
        variant: STANDARD,
        ...SIZES,
        resolution,
      });
      assert.deepEqual([facts.dataset, facts.outputs], ['imagenet', 1001]);
      assert.equal(facts.labels.labelOffset, 1);
      assert.equal(facts.labels.classNames[0], IMAGENET_CLASSES[0].name);
      assert.match(facts.origin.weightsSha256!, /^[0-9a-f]{64}$/);
      assert.equal(facts.foldedBatchNorms.length, folded);
      assert.equal(
        reporter.messages.some((note) => note.includes('are folded into')),
        folded > 0,
      );
      const weights = layersModel.getLayer('Conv2d_5_pointwise').getWeights()[0];
      assert.deepEqual(weights.shape, [1, 1, 64, 64]);
      if (resolution === 32) {
        const x = twoImages(32);
        assertClose(predictions(layersModel, x), predictions(live().model, x));
      }
      layersModel.dispose();
    });
  }

  it('is described: format, network, classes, layers', async () => {
    const described = await describeModel(at('frozen_graph.pb'), contextOf());
    const { layers, macs, integerMacs, ...rest } = described;
    assert.equal(integerMacs, macs);
    assert.deepEqual(rest, {
      model: at('frozen_graph.pb'),
      format: 'TensorFlow frozen graph',
      network: 'mobilenet_v1',
      variant: 'standard',
      widthMultiplier: 0.25,
      input: [32, 32, 3],
      classes: 1000,
      labelOffset: 1,
      dataset: 'imagenet',
      foldedBatchNorms: 0,
      outputs: [{ name: 'Conv2d_1c_1x1', shape: [1, 1, 1001] }],
    });
    assert.equal(layers.length, 29);
    assert.deepEqual(layers[0], {
      name: 'Conv2d_0',
      op: 'conv2d',
      outputShape: [16, 16, 8],
      macs: 16 * 16 * 8 * 27,
      weights: 8 * 27 + 8,
    });
    assert.ok(macs > layers[0].macs);
  });

  it('of another structure keeps its own, and is known by its number of outputs', async () => {
    const sequential = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3], name: 'first' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1001, activation: 'softmax', name: 'last' }),
      ],
    });
    await savePublishedStyle(sequential, at('sequential'));
    const opened = await openFloatModel(at('sequential'), contextOf());
    const { architecture, dataset, labels, origin } = opened.facts;
    assert.deepEqual([architecture, dataset], [undefined, undefined]);
    assert.deepEqual([labels.labelOffset, labels.known], [1, false]);
    assert.deepEqual([origin.source, origin.weightsSha256], [at('sequential'), undefined]);
    const { nodes } = fuseGraph(opened.graph, { zeroVariance: 'keep' });
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['first', 'last'],
    );
  });

  it('says what each of several outputs is', async () => {
    const x = tf.input({ shape: [8, 8, 3], name: 'image' });
    const mask = tf.layers.conv2d({ filters: 1, kernelSize: 1, name: 'mask' }).apply(x);
    const pooled = tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(x);
    const classes = tf.layers.dense({ units: 10, name: 'classes' }).apply(pooled);
    const model = tf.model({ inputs: x, outputs: [classes, mask] as tf.SymbolicTensor[] });
    const dir = join(folder, 'two-outputs');
    await savePublishedStyle(model, dir);
    model.dispose();
    const reporter = recordingReporter();
    (await openFloatModel(dir, contextOf(reporter))).dispose();
    assert.match(
      reporter.messages.join('\n'),
      /a network of its own, 2 outputs: classes \[10\], mask \[8,8,1\]/,
    );
  });

  it('is refused where it has weights behind a link that leads out of its folder', async () => {
    const original = kerasMobileNet({ alpha: 0.25, resolution: 32, classes: 5 });
    await savePublishedStyle(original, at('linked'));
    await rm(at('linked/group3-shard1of1'));
    await symlink(at('frozen_graph.pb'), at('linked/group3-shard1of1'));
    await assert.rejects(openFloatModel(at('linked'), contextOf()), {
      name: 'UserError',
      message:
        /Expected the weights .*group3-shard1of1 in the folder of their model but they are a link to .*frozen_graph\.pb/,
    });
  });

  it('is refused where a layer wants more than its weights have', async () => {
    const original = kerasMobileNet({ alpha: 0.25, resolution: 32, classes: 5 });
    await savePublishedStyle(original, at('wide'));
    const text = await readFile(at('wide/model.json'), 'utf8');
    await writeFile(at('wide/model.json'), text.replace('"filters":5', '"filters":500000000'));
    await assert.rejects(openFloatModel(at('wide'), contextOf()), {
      name: 'UserError',
      message:
        /Expected filters of at most 256, as the weights in .*model\.json have them, but received 500000000/,
    });
  });

  it('is refused where a checkpoint holds another network', async () => {
    const { index, data } = bundle(
      new Map([['dense/kernel', { shape: [2], values: Float32Array.of(1, 2) }]]),
    );
    await writeFile(at('other.index'), index);
    await writeFile(at('other.data-00000-of-00001'), data);
    await assert.rejects(openFloatModel(at('other'), contextOf()), {
      name: 'UserError',
      message:
        /Expected the variables of slim's MobilenetV1 or InceptionV3, or of Keras' MobileNet, in .*other\.index but its 1 are dense\/kernel$/,
    });
  });

  it('is refused where a folder holds several', async () => {
    await assert.rejects(openFloatModel(folder, contextOf()), {
      name: 'UserError',
      message:
        /Expected one model in .* but it holds frozen_graph\.pb, mobilenet_v1_0\.25_128\.ckpt\.index/,
    });
  });
});
