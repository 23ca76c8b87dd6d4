import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import {
  randomizeBatchNorms,
  randomizeWeights,
  SMALL_INCEPTION,
} from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { chain, someImages } from '../convert/support.ts';

const IMAGES = 2;
const SHAPE = [SMALL_INCEPTION.resolution, SMALL_INCEPTION.resolution, 3] as const;

describe('the analysis of a network with branches, pools and concatenations', () => {
  before(needsTensorFlow);

  it('finds the losses of every layer, and each operation loses what it can', async () => {
    const network = buildNetwork(SMALL_INCEPTION, { seed: 1 });
    randomizeBatchNorms(network);
    const graph = fuseLayersModel(network, { zeroVariance: 'keep' });
    network.dispose();
    const images = someImages(IMAGES, SHAPE);
    const batches = async function* () {
      yield { images, shape: [IMAGES, ...SHAPE] as const };
    };
    const model = convertGraph(graph, await calibrate(graph, batches()), {
      inputRange: { min: -1, max: 1 },
      labelOffset: 0,
      classNames: [],
      provenance: {
        floatModel: 'small InceptionV3',
        floatWeightsSha256: '',
        calibrationImages: IMAGES,
        calibrationData: 'noise',
        zeroVariance: 'keep',
      },
    });
    const floats = new FloatNodes();
    const { kernels } = selectKernels('auto');
    try {
      const analyzer = new Analyzer({ graph, model, floats, kernels });
      analyzer.add(images);
      analyzer.addEffects(images.subarray(0, images.length / IMAGES)); // one takes as long as dozens of add()
      const { layers } = analyzer.analysis();
      assert.deepEqual(
        layers.map(({ name }) => name),
        graph.nodes.map(({ name }) => name),
      );
      for (const { name, op, causes, localSqnrDb, cumulativeSqnrDb, weights } of layers) {
        const coarse = `${name}: ${localSqnrDb} dB local, ${cumulativeSqnrDb} dB cumulative`;
        assert.ok(localSqnrDb > 20 && cumulativeSqnrDb > 10, coarse);
        const isWeighted = op === 'conv2d' || op === 'fullyConnected';
        assert.equal(weights !== undefined, isWeighted, name);
        assert.equal(causes.weightQuantization === Infinity, !isWeighted, name);
        if (op === 'maxPool2d') assert.equal(causes.activationRequantization, Infinity, name);
        assert.equal(causes.relu6Clipping, Infinity, name);
      }
    } finally {
      floats.dispose();
    }
  });
});

describe('the analysis of a network with several outputs', () => {
  before(needsTensorFlow);

  it('tells what a layer costs at each, and of all what it costs most', async () => {
    const l = tf.layers;
    const input = tf.input({ shape: [6, 6, 3], name: 'image' });
    const body = l.conv2d({ name: 'body', filters: 4, kernelSize: 3, activation: 'relu' });
    const features = body.apply(input) as tf.SymbolicTensor;
    const map = chain(l.conv2d({ name: 'map', filters: 2, kernelSize: 1 }))(features);
    const scores = chain(l.flatten(), l.dense({ name: 'scores', units: 5 }))(features);
    const network = tf.model({ inputs: input, outputs: [map, scores] });
    randomizeWeights(network);
    const graph = fuseLayersModel(network, { zeroVariance: 'keep' });
    network.dispose();
    const images = someImages(IMAGES, [6, 6, 3]);
    const batches = async function* () {
      yield { images, shape: [IMAGES, 6, 6, 3] as const };
    };
    const model = convertGraph(graph, await calibrate(graph, batches()), {
      inputRange: { min: -1, max: 1 },
      labelOffset: 0,
      classNames: [],
      provenance: {
        floatModel: 'two heads',
        floatWeightsSha256: '',
        calibrationImages: IMAGES,
        calibrationData: 'noise',
        zeroVariance: 'keep',
      },
    });
    const floats = new FloatNodes();
    try {
      using analyzer = new Analyzer({ graph, model, floats, kernels: REFERENCE_KERNELS });
      const logits = analyzer.add(images);
      assert.deepEqual([logits.float.length, logits.tf8.length], [5 * IMAGES, 5 * IMAGES]);
      analyzer.addEffects(images);
      const { outputs, layers } = analyzer.analysis();
      assert.deepEqual(outputs, ['map', 'scores']);
      const costs = new Map(
        layers.map(({ name, logits, outputs: each }) => [name, { logits, each }]),
      );
      const ofMap = costs.get('map')!;
      assert.equal(ofMap.each!.scores.onlyWeights, Infinity);
      assert.deepEqual(ofMap.each!.map, ofMap.logits);
      const { logits: most, each } = costs.get('body')!;
      const ofBody = [each!.map.onlyWeights, each!.scores.onlyWeights];
      assert.ok(
        ofBody.every((db) => db > 10 && db < 100),
        String(ofBody),
      );
      assert.equal(most.onlyWeights, Math.min(...ofBody));
    } finally {
      floats.dispose();
    }
  });
});
