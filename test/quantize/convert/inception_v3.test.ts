import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs';
import { inceptionV3Layers } from '../../../architectures/inception_v3_layers.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { planOn } from '../../../quantize/execute/plan_on.ts';
import { examineTiers } from '../../../quantize/kernels/select.ts';
import { type Tf8Model, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import { randomizeBatchNorms, SMALL_INCEPTION } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { assertFusedEquals, predict, someImages } from './support.ts';

const IMAGES = 8;
const { resolution } = SMALL_INCEPTION;
const SHAPE = [resolution, resolution, 3] as const;

describe('conversion of InceptionV3', () => {
  let model: tf.LayersModel;
  let images: Float32Array;
  let tf8: Tf8Model;

  before(async function () {
    await needsTensorFlow.call(this);
    model = buildNetwork(SMALL_INCEPTION, { seed: 1 });
    randomizeBatchNorms(model);
    images = someImages(IMAGES, SHAPE);
    const graph = fuseLayersModel(model, { zeroVariance: 'keep' });
    const batches = async function* () {
      yield { images, shape: [IMAGES, ...SHAPE] as const };
    };
    tf8 = convertGraph(graph, await calibrate(graph, batches()), {
      inputRange: { min: -1, max: 1 },
      labelOffset: 0,
      classNames: [],
      provenance: {
        floatModel: model.name,
        floatWeightsSha256: '',
        calibrationImages: IMAGES,
        calibrationData: 'noise',
        zeroVariance: 'keep',
      },
    });
  });

  after(() => model?.dispose());

  it('folds and fuses every batch norm and ReLU: the float graph computes what the model does', () => {
    assertFusedEquals(model, logitsModel(model));
  });

  it('makes a node of every row, by slim’s names, pooling and logits besides', () => {
    const { base, logits } = inceptionV3Layers(SMALL_INCEPTION);
    const names = base.map(({ name }) => name);
    assert.deepEqual(
      tf8.nodes.map(({ name }) => name).toSorted(),
      [...names, 'AvgPool_1a', logits.name].toSorted(),
    );
    const shapes = new Map(tf8.nodes.map(({ name, output }) => [name, output.shape]));
    for (const { name, outputShape } of base) assert.deepEqual(shapes.get(name), outputShape, name);
  });

  it('runs on every tier with the reference’s bytes in every layer', () => {
    const image = images.subarray(0, resolution * resolution * 3);
    const outputs = tensorNames(tf8);
    using reference = planOn(tf8, { tier: 'reference', outputs });
    const expected = reference.run(image);
    for (const report of examineTiers()) {
      if (report.state !== 'passed') continue;
      using plan = new Tf8Plan(tf8, { kernels: report.kernels, outputs });
      for (const [name, bytes] of plan.run(image)) {
        assert.deepEqual(bytes, expected.get(name), `${report.name}, ${name}`);
      }
    }
  });

  it('stays close to the float network', () => {
    using plan = planOn(tf8);
    const expected = predict(logitsModel(model), images, IMAGES);
    const sqnr = sqnrDb(expected, plan.predict(images));
    assert.ok(sqnr >= 25, `SQNR of the logits: ${sqnr} dB`);
  });
});
