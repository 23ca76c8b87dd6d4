import assert from 'node:assert/strict';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { randomizeBatchNorms, SMALL_INCEPTION } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { someImages } from '../convert/support.ts';

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
      analyzer.addEffects(images);
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
