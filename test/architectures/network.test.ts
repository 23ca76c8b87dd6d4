import assert from 'node:assert/strict';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { costOfNetwork, networkCost } from '../../architectures/layer_costs.ts';
import { convLayers } from '../../architectures/mobilenet_v1.ts';
import { buildNetwork, type NetworkConfig } from '../../architectures/network.ts';
import { FRIENDLY } from '../../architectures/variants.ts';
import { SMALL_INCEPTION, TINY, weightOf } from './support.ts';

const MOBILENET: NetworkConfig = { network: 'mobilenet_v1', variant: FRIENDLY, ...TINY };

describe('buildNetwork', () => {
  for (const config of [MOBILENET, SMALL_INCEPTION]) {
    it(`ends ${config.network} in its logits and their softmax`, () => {
      const model = buildNetwork(config);
      const last = model.layers.slice(-2).map(({ name }) => name);
      assert.deepEqual(last, ['SpatialSqueeze', 'Predictions']);
      assert.deepEqual(model.outputs[0].shape, [null, config.classes]);
      model.dispose();
    });
  }

  it('builds the MobileNetV1 that buildMobileNetV1 does, with its options', () => {
    const options = { seed: 3, dropout: 0.5 };
    const [received, expected] = [
      buildNetwork(MOBILENET, options),
      buildMobileNetV1({ variant: FRIENDLY, ...TINY }, options),
    ];
    assert.equal(received.name, expected.name);
    assert.deepEqual(weightOf(received, 'Conv2d_0/kernel'), weightOf(expected, 'Conv2d_0/kernel'));
    assert.equal(received.getLayer('Dropout_1b').getConfig().rate, 0.5);
    received.dispose();
    expected.dispose();
  });
});

describe('costOfNetwork', () => {
  it('counts a MobileNetV1 by its layers', () => {
    const layers = convLayers({ variant: FRIENDLY, ...TINY });
    assert.deepEqual(costOfNetwork(MOBILENET), networkCost(layers));
  });
});
