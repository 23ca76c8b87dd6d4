import assert from 'node:assert/strict';
import { FloatNetwork } from '../../../quantize/analyze/float_network.ts';
import { PartialNetworks } from '../../../quantize/analyze/partial_networks.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import { changed, convert, DOUBLE_KERNELS, healthyGraph, PHOTOGRAPHS } from './support.ts';

/** The weights of the depthwise layer are coarse: one channel, which the next layer ignores, is huge. */
function coarseGraph() {
  const blown = changed(healthyGraph(), 'depthwise', ({ kernel }) => ({
    kernel: kernel.map((weight, i) => (i % 8 === 0 ? 300 * weight : weight)),
  }));
  return changed(blown, 'pointwise', ({ kernel }) => ({
    kernel: kernel.map((weight, i) => (Math.floor(i / 12) % 8 === 0 ? 0 : weight)),
  }));
}

describe('PartialNetworks', () => {
  const graph = coarseGraph();
  // Only the weights are to blame: the range of the output is that of the channels that count.
  const model = convert(graph, (name, range) =>
    name === 'depthwise' ? { min: 0, max: range.max / 100 } : range,
  );
  const options = { graph, model, floats: DOUBLE_KERNELS, kernels: REFERENCE_KERNELS };
  const logits = new PartialNetworks(options).logits(PHOTOGRAPHS);
  const db = (approximation: Float32Array) => sqnrDb(logits.float, approximation);

  it('runs the whole network in float and in TF8', () => {
    const exact = new FloatNetwork(graph, DOUBLE_KERNELS).run(PHOTOGRAPHS).get('logits')!;
    assert.deepEqual(logits.float, exact);
    const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS });
    assert.deepEqual(logits.tf8, plan.predict(PHOTOGRAPHS));
  });

  it('loses what the weights lose with weights alone, little with activations alone', () => {
    assert.ok(db(logits.onlyWeights) < 20, `${db(logits.onlyWeights)} dB`);
    assert.ok(db(logits.onlyActivations) > 25, `${db(logits.onlyActivations)} dB`);
  });

  it('finds the coarse layer: alone it loses most, without it nothing much is lost', () => {
    for (const { layer, onlyThis, allButThis } of logits.layers) {
      if (layer === 'depthwise') {
        assert.ok(db(onlyThis) < 20, `only ${layer}: ${db(onlyThis)} dB`);
        assert.ok(db(allButThis) > 25, `all but ${layer}: ${db(allButThis)} dB`);
      } else {
        assert.ok(db(onlyThis) > 25, `only ${layer}: ${db(onlyThis)} dB`);
        assert.ok(db(allButThis) < 20, `all but ${layer}: ${db(allButThis)} dB`);
      }
    }
  });
});
