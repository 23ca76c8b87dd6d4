import assert from 'node:assert/strict';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import {
  analyze,
  changed,
  convert,
  DOUBLE_KERNELS,
  healthyGraph,
  IMAGES,
  inDouble,
  PHOTOGRAPHS,
} from './support.ts';

const graph = healthyGraph();
const model = convert(graph);

function analyzer(): Analyzer {
  return new Analyzer({ graph, model, floats: DOUBLE_KERNELS, kernels: REFERENCE_KERNELS });
}

describe('Analyzer', () => {
  it('measures the whole network up to a layer against float, image by image', () => {
    const outputs = ['conv', 'depthwise'];
    const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
    const results = plan.run(PHOTOGRAPHS);
    const input = { values: PHOTOGRAPHS, shape: graph.input.shape };
    const conv = inDouble(graph.nodes[0], input, IMAGES);
    const shape = graph.shapes.get(graph.nodes[0].name)!;
    const depthwise = inDouble(graph.nodes[1], { values: conv, shape }, IMAGES);
    const { layers, images } = analyze(graph, model);
    for (const [index, exact] of [conv, depthwise].entries()) {
      const size = exact.length / IMAGES;
      const stored = plan.dequantize(outputs[index], results);
      const expected = Array.from({ length: IMAGES }, (_, n) =>
        sqnrDb(
          Float32Array.from(exact.subarray(n * size, (n + 1) * size)),
          stored.subarray(n * size, (n + 1) * size),
        ),
      );
      const mean = expected.reduce((sum, db) => sum + db, 0) / IMAGES;
      assert.ok(Math.abs(layers[index].cumulativeSqnrDb - mean) < 1e-4);
      assert.ok(Math.abs(layers[index].cumulative.minDb - Math.min(...expected)) < 1e-4);
    }
    assert.equal(images, IMAGES);
  });

  it('gives the first layer the same local and cumulative figure', () => {
    const [{ local, cumulative }] = analyze(graph, model).layers;
    assert.deepEqual(local, cumulative);
  });

  it('finds the same whatever the batches', () => {
    const one = analyzer();
    one.add(PHOTOGRAPHS);
    one.addEffects(PHOTOGRAPHS);
    const layers = ({ layers }: ReturnType<typeof analyze>) =>
      layers.map(({ local, output }) => [local.meanDb, output.histogram]);
    assert.deepEqual(layers(one.analysis()), layers(analyze(graph, model)));
  });

  it('loses nothing at the logits where the layers that follow lose nothing', () => {
    const coarse = convert(graph, (name, range) =>
      name === 'logits' ? { min: 20 * range.min, max: 20 * range.max } : range,
    );
    const { layers } = analyze(graph, coarse);
    const logits = layers.at(-1)!;
    // The last layer's output is the logits: its own noise is what it costs them.
    assert.ok(Math.abs(logits.logits.onlyOutput - logits.causes.activationRequantization) < 1e-3);
    assert.ok(logits.logits.onlyOutput < 30);
    assert.ok(layers[0].logits.onlyOutput > 40);
    assert.equal(layers[3].logits.onlyWeights, Infinity);
  });

  it('refuses a float network whose outputs are not finite, naming the layer', () => {
    const floats = {
      run: (...[node, inputs, batch]: Parameters<typeof DOUBLE_KERNELS.run>) => {
        const output = DOUBLE_KERNELS.run(node, inputs, batch);
        return node.name === 'pointwise' ? output.fill(NaN) : output;
      },
    };
    const broken = new Analyzer({ graph, model, floats, kernels: REFERENCE_KERNELS });
    assert.throws(() => broken.add(PHOTOGRAPHS), {
      name: 'QuantizationError',
      message: 'Expected finite outputs of pointwise in float but the sum of their squares is NaN',
    });
  });

  it('is closed when it is disposed of; what it found stays', () => {
    const closed = analyzer();
    closed.add(PHOTOGRAPHS);
    closed.addEffects(PHOTOGRAPHS);
    closed[Symbol.dispose]();
    assert.throws(() => closed.add(PHOTOGRAPHS), /Expected an open plan of healthy/);
    assert.equal(closed.analysis().images, IMAGES);
  });

  it('refuses to report on no image', () => {
    assert.throws(() => analyzer().analysis(), {
      name: 'QuantizationError',
      message: 'Expected at least one image to analyze but received none',
    });
    const withoutEffects = analyzer();
    withoutEffects.add(PHOTOGRAPHS);
    assert.throws(() => withoutEffects.analysis(), QuantizationError);
  });

  it('refuses a TF8 model of other layers, naming the first', () => {
    const shorter = { ...model, nodes: model.nodes.slice(0, -1) };
    const options = { graph, floats: DOUBLE_KERNELS, kernels: REFERENCE_KERNELS };
    assert.throws(() => new Analyzer({ ...options, model: shorter }), {
      message: 'Expected logits (fullyConnected) as layer 4 of healthy but it has none',
    });
    const renamed = changed(graph, 'conv', () => ({ name: 'other' }));
    assert.throws(() => new Analyzer({ ...options, model, graph: renamed }), {
      message: 'Expected other (conv2d) as layer 0 of healthy but it has conv (conv2d)',
    });
  });
});
