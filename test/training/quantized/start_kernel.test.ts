import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BEST } from '../../../quantize/convert/recipe.ts';
import { isWeighted } from '../../../quantize/model/tf8_model.ts';
import { QuantizedNetwork } from '../../../training/quantized/quantized_network.ts';
import { startKernel } from '../../../training/quantized/start_kernel.ts';
import { networkOf } from '../../quantize/convert/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { FAMILIES, LEARNED, startOfModel } from './support.ts';

const SCALE = 1 / 64;
const nearest = (weight: number, zeroPoint: number) =>
  Math.min(Math.max(Math.round(weight / SCALE) + zeroPoint, 0), 255);

describe('startKernel', () => {
  const byte = fc.integer({ min: 0, max: 255 });

  it('gives weights whose nearest bytes are those that a recipe chose', () =>
    fc.assert(
      fc.property(byte, byte, fc.double({ min: -9, max: 9, noNaN: true }), (q, zeroPoint, w) => {
        const quantization = { scale: SCALE, zeroPoint };
        const [weight] = startKernel(Float32Array.of(w), Uint8Array.of(q), quantization);
        assert.equal(nearest(weight, zeroPoint), q);
      }),
    ));

  it('leaves a weight whose nearest byte it is, also beyond the range', () => {
    const weights = Float32Array.of(0.3 / 64, -1.45 / 64, 200, -200);
    const bytes = Uint8Array.of(100, 99, 255, 0);
    const started = startKernel(weights, bytes, { scale: SCALE, zeroPoint: 100 });
    assert.deepEqual(started, weights);
  });

  it('takes another as near as a quarter of a step inside of its byte', () => {
    const weights = Float32Array.of(0.6 / 64, -3 / 64);
    const bytes = Uint8Array.of(100, 99);
    const started = startKernel(weights, bytes, { scale: SCALE, zeroPoint: 100 });
    assert.deepEqual(started, Float32Array.of(0.25 / 64, -1.25 / 64));
  });

  it('a training begins with the weights that the recipe best rounded, and with its biases', async function () {
    await needsTensorFlow.call(this);
    const model = networkOf([12, 12, 3], FAMILIES.MobileNetV2);
    const start = await startOfModel(model, BEST).finally(() => model.dispose());
    const network = new QuantizedNetwork(start.graph, start.model, LEARNED);
    try {
      const begun = network.tf8Model().nodes.filter(isWeighted);
      const rounded = start.model.nodes.filter(isWeighted);
      assert.ok(begun.length > 3);
      for (const [index, { weights, bias }] of begun.entries()) {
        assert.deepEqual(weights.data, rounded[index].weights.data, begun[index].name);
        assert.deepEqual(bias, rounded[index].bias);
      }
    } finally {
      network.dispose();
    }
  });
});
