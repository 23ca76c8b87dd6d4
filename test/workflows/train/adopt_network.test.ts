import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { networkOfGraph } from '../../../architectures/graph/float_network.ts';
import { isWeightedFloat } from '../../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { readValues } from '../../../architectures/graph/read_values.ts';
import { networkConfig } from '../../../architectures/network.ts';
import type { NetworkName } from '../../../architectures/registry.ts';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { selectBackend } from '../../../training/backend.ts';
import { importedFacts } from '../../../workflows/open/float_facts.ts';
import { SYMMETRIC } from '../../../workflows/open/model_facts.ts';
import { OpenedFloatModel, openFloatModel } from '../../../workflows/open/open_model.ts';
import { adoptNetwork } from '../../../workflows/train/adopt_network.ts';
import { contextOf } from '../../scripts/support.ts';
import { sharedFolder } from '../../support/skip.ts';
import { foreignGraph } from './foreign.ts';

const SIZES = { widthMultiplier: 0.1, resolution: 32, classes: 5 };

function opened(graph: FloatGraph): OpenedFloatModel {
  const network = networkOfGraph(graph);
  const imported = { network, format: 'ONNX', config: undefined, foldedBatchNorms: [] } as const;
  const facts = importedFacts(imported, { name: 'a file', source: 'a file', range: SYMMETRIC });
  return new OpenedFloatModel('a file', network, facts);
}

function probabilitiesOf(graph: FloatGraph, images: tf.Tensor): Float32Array {
  const runner = new FloatRunner(graph);
  const [logits] = runner.outputs(images.dataSync<'float32'>(), images.shape);
  runner.dispose();
  return readValues(() => [tf.softmax(tf.tensor(logits, [images.shape[0], SIZES.classes]))])[0];
}

describe('adoptNetwork', () => {
  before(async () => {
    await selectBackend();
  });

  const NETWORKS: readonly NetworkName[] = [
    'mobilenet_v1',
    'mobilenet_v2',
    'mobilenet_v3_large',
    'mobilenet_v3_small',
    'efficientnet_lite0',
  ];
  for (const network of NETWORKS) {
    it(`finds ${network} in a file of other names whose batch norms are folded`, () => {
      const config = networkConfig(network, STANDARD, SIZES);
      const graph = foreignGraph(config);
      const images = tf.randomUniform([2, 32, 32, 3], -1, 1, 'float32', 1);
      const expected = probabilitiesOf(graph, images);
      const { classes: _, resolution: __, ...trained } = config;
      const adopted = adoptNetwork(opened(graph), trained)!;
      assert.deepEqual(adopted.facts.architecture, config);
      assert.ok(adopted.facts.foldedBatchNorms.length > 10);
      const received = readValues(() => [adopted.layersModel.predict(images) as tf.Tensor])[0];
      received.forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]) < 1e-4, `${i}: ${value}, ${expected[i]}`);
      });
      images.dispose();
      adopted.dispose();
    });
  }

  it("finds MobileNetV2 in Google's .tflite file of it", async function () {
    const path = join(sharedFolder(this, 'models'), 'tf2_mobilenet_v2_1.0_224_ptq.tflite');
    this.timeout(60_000);
    const source = await openFloatModel(path, contextOf());
    const asked = { network: 'mobilenet_v2', variant: STANDARD, widthMultiplier: 1 } as const;
    const adopted = adoptNetwork(source, asked)!;
    assert.deepEqual(adopted.facts.architecture, { ...asked, resolution: 224, classes: 1001 });
    assert.equal(adopted.facts.foldedBatchNorms.length, 52);
    adopted.dispose();
  });

  it('finds the variant, and whether squeeze-and-excite stands in it', () => {
    const config = networkConfig('mobilenet_v3_small', FRIENDLY, SIZES, false);
    const asked = {
      network: 'mobilenet_v3_small',
      variant: STANDARD,
      widthMultiplier: 0.1,
    } as const;
    const adopted = adoptNetwork(opened(foreignGraph(config)), asked)!;
    assert.deepEqual(adopted.facts.architecture, config);
    adopted.dispose();
  });

  it('takes nothing for the network that computes something else with the same kernels', () => {
    const config = networkConfig('mobilenet_v2', STANDARD, SIZES);
    const { classes: _, resolution: __, ...asked } = config;
    const graph = foreignGraph(config);
    const nodes = graph.nodes.map((node) =>
      isWeightedFloat(node) && node.activation === 'relu6'
        ? { ...node, activation: 'relu' as const }
        : node,
    );
    assert.equal(adoptNetwork(opened({ ...graph, nodes }), asked), undefined);
    const other = opened(graph);
    assert.equal(adoptNetwork(other, { ...asked, widthMultiplier: 0.2 }), undefined);
    assert.equal(adoptNetwork(other, { ...asked, network: 'efficientnet_lite0' }), undefined);
  });
});
