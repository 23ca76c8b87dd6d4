import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadFloatModel } from '../../checkpoints/float_model.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { predictions } from '../checkpoints/live_mobilenet.ts';
import { assertClose, caseFolder, floatsOf } from './case_model.ts';

describe('case relu_negative_slope', () => {
  it("computes a ReLU's slope as Keras does, and quantizes it by a table", async function () {
    const folder = caseFolder(this, 'relu_negative_slope');
    const { network } = (await loadFloatModel(join(folder, 'model.json')))!;
    const x = tf.tensor4d(await floatsOf(join(folder, 'x.bin')), [8, 32, 32, 3]);
    assertClose(predictions(network.layersModel, x), await floatsOf(join(folder, 'y.bin')));
    const { nodes } = fuseGraph(network.graph, { zeroVariance: 'keep' });
    assert.ok(nodes.some(({ op }) => op === 'activation'));
    tf.dispose([x]);
    network.dispose();
  });
});
