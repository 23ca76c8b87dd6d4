import assert from 'node:assert/strict';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import type { Analysis, Finding, LayerAnalysis } from '../../../quantize/analyze/analysis.ts';
import { diagnose } from '../../../quantize/analyze/diagnose.ts';
import type { ObservedRange } from '../../../quantize/convert/observed_range.ts';
import { analyze, changed, convert, healthyGraph } from './support.ts';

const CONVOLUTIONS = ['conv', 'depthwise', 'pointwise'] as const;
const WITH_RANGES = [...CONVOLUTIONS, 'logits'];

/** What comes first in the diagnosis. */
function firstOf({ diagnosis }: Analysis): Pick<Finding, 'layer' | 'cause'> | undefined {
  const [first] = diagnosis;
  return first && { layer: first.layer, cause: first.cause };
}

/** One output channel of a layer times `factor`, and with `feeds` the next layer undoes it. */
function channelTimes(graph: FloatGraph, name: string, factor: number, feeds?: string): FloatGraph {
  const scaled = changed(graph, name, ({ kernel, bias }) => ({
    kernel: kernel.map((weight, i) => (i % bias.length === 0 ? factor * weight : weight)),
    bias: bias.map((value, channel) => (channel === 0 ? factor * value : value)),
  }));
  if (feeds === undefined) return scaled;
  return changed(scaled, feeds, ({ kernel, kernelShape: [, , depth, last] }) => ({
    kernel: kernel.map((weight, i) =>
      Math.floor(i / last) % depth === 0 ? weight / factor : weight,
    ),
  }));
}

/** All outputs of a layer times `factor`, and the next layer undoes it. */
function outputTimes(graph: FloatGraph, name: string, factor: number, feeds: string): FloatGraph {
  const scaled = changed(graph, name, ({ kernel, bias }) => ({
    kernel: kernel.map((weight) => factor * weight),
    bias: bias.map((value) => factor * value),
    activation: 'relu6',
  }));
  return changed(scaled, feeds, ({ kernel }) => ({
    kernel: kernel.map((weight) => weight / factor),
  }));
}

function withRange(name: string, change: (range: ObservedRange) => ObservedRange): Analysis {
  const graph = healthyGraph();
  return analyze(
    graph,
    convert(graph, (tensor, range) => (tensor === name ? change(range) : range)),
  );
}

/** The graph whose layer had a batch norm: channel 0 of zero variance with α `alpha`, the others with 0.5. */
function withDeadChannel(graph: FloatGraph, layer: string, alpha: number): FloatGraph {
  const batchNorm = {
    alpha: Float64Array.from({ length: 8 }, (_, channel) => (channel === 0 ? alpha : 0.5)),
    variance: Float32Array.from({ length: 8 }, (_, channel) => (channel === 0 ? 0 : 1)),
    beta: new Float32Array(8),
    gamma: new Float32Array(8).fill(1),
    deadChannels: [0],
    replacedChannels: [],
  };
  return changed(graph, layer, () => ({ batchNorm }));
}

describe('diagnose', () => {
  it('finds nothing in a healthy network', () => {
    assert.deepEqual(analyze(healthyGraph()).diagnosis, []);
  });

  for (const [layer, feeds] of [
    ['conv', 'depthwise'],
    ['depthwise', 'pointwise'],
    ['pointwise', 'logits'],
  ] as const) {
    it(`names a blown-up channel of ${layer} by layer and cause`, () => {
      const analysis = analyze(channelTimes(healthyGraph(), layer, 60, feeds));
      assert.deepEqual(firstOf(analysis), { layer, cause: 'weightRange' });
      const { evidence } = analysis.diagnosis[0];
      assert.equal(evidence.wideChannels, 1);
      assert.ok(evidence.stretch > 30 && evidence.stretch < 120, `${evidence.stretch}`);
    });

    it(`names a ReLU6 of ${layer} where values exceed 6`, () => {
      const analysis = analyze(outputTimes(healthyGraph(), layer, 20, feeds));
      assert.deepEqual(firstOf(analysis), { layer, cause: 'relu6Clipping' });
      assert.ok(analysis.diagnosis[0].evidence.linearMax > 6);
      assert.deepEqual(analysis.diagnosis[0].cost, { layer: 0, cause: 0 });
    });
  }

  for (const layer of WITH_RANGES) {
    it(`names the range of ${layer} that is ten times too wide`, () => {
      const analysis = withRange(layer, ({ min, max }) => ({ min: 10 * min, max: 10 * max }));
      assert.deepEqual(firstOf(analysis), { layer, cause: 'rangeTooWide' });
      const { rangeInUse } = analysis.diagnosis[0].evidence;
      assert.ok(Math.abs(rangeInUse - 0.1) < 0.01, `${rangeInUse}`);
    });

    it(`names the range of ${layer} that its values leave`, () => {
      const analysis = withRange(layer, ({ min, max }) => ({ min: min / 3, max: max / 3 }));
      assert.deepEqual(firstOf(analysis), { layer, cause: 'saturation' });
      const { outsideShare } = analysis.diagnosis[0].evidence;
      assert.ok(outsideShare > 0.01 && outsideShare < 1, `${outsideShare}`);
    });
  }

  it("names the network's input where its range is ten times too wide", () => {
    const analysis = withRange('image', () => ({ min: -10, max: 10 }));
    assert.deepEqual(firstOf(analysis), { layer: 'image', cause: 'rangeTooWide' });
  });

  it("names the network's input where the images leave its range", () => {
    const analysis = withRange('image', () => ({ min: -1 / 3, max: 1 / 3 }));
    assert.deepEqual(firstOf(analysis), { layer: 'image', cause: 'saturation' });
    assert.ok(analysis.diagnosis[0].evidence.outsideShare > 0.5);
    assert.equal(analysis.diagnosis[0].advice.code, 'samePreprocessing');
  });

  it('names dead channels where a batch norm of zero variance blew up a depthwise channel', () => {
    // Nothing comes into channel 0: its weights, α times larger, change no output but by the bias.
    const dead = changed(healthyGraph(), 'conv', ({ kernel, bias }) => ({
      kernel: kernel.map((weight, i) => (i % bias.length === 0 ? 0 : weight)),
      bias: bias.map((value, channel) => (channel === 0 ? -1 : value)),
    }));
    const graph = changed(dead, 'depthwise', ({ kernel, bias }) => ({
      kernel: kernel.map((weight, i) => (i % bias.length === 0 ? 60 * weight : weight)),
    }));
    const analysis = analyze(withDeadChannel(graph, 'depthwise', 30));
    assert.deepEqual(firstOf(analysis), { layer: 'depthwise', cause: 'deadChannels' });
    const [{ evidence, advice }] = analysis.diagnosis;
    assert.equal(advice.code, 'meanVariance');
    assert.equal(evidence.blownUpChannels, 1);
    assert.equal(evidence.largestAlpha, 30);
    assert.equal(evidence.medianAlpha, 0.5);
    assert.equal(analysis.layers[1].deadChannels, 1);
  });

  it('names a depthwise channel of zero variance that Option 1 has mended as any other', () => {
    const graph = channelTimes(healthyGraph(), 'depthwise', 60, 'pointwise');
    const analysis = analyze(withDeadChannel(graph, 'depthwise', 0.5));
    assert.deepEqual(firstOf(analysis), { layer: 'depthwise', cause: 'weightRange' });
    assert.ok(analysis.diagnosis.every(({ advice }) => advice.code !== 'meanVariance'));
    assert.equal(analysis.layers[1].deadChannels, 1);
  });

  it('names a blown-up channel of a convolution, which Option 1 leaves alone, also of zero variance', () => {
    const graph = channelTimes(healthyGraph(), 'conv', 60, 'depthwise');
    const analysis = analyze(withDeadChannel(graph, 'conv', 30));
    assert.deepEqual(firstOf(analysis), { layer: 'conv', cause: 'weightRange' });
  });

  it('names a sum whose inputs have steps of different sizes, and only such a sum', () => {
    const { input, layers } = analyze(healthyGraph());
    const [conv, depthwise, pointwise, ...rest] = layers;
    const stepOf = (layer: LayerAnalysis, scale: number) => ({
      ...layer,
      output: { ...layer.output, quantization: { ...layer.output.quantization, scale } },
    });
    const joined = (coarser: number) => [
      stepOf(conv, 0.01),
      stepOf(depthwise, 0.01 * coarser),
      {
        ...pointwise,
        op: 'add' as const,
        inputs: [conv.name, depthwise.name],
        logits: { ...pointwise.logits, onlyOutput: 20 },
      },
      ...rest,
    ];
    assert.ok(diagnose(input, joined(2)).every(({ cause }) => cause !== 'unevenInputs'));
    const [first] = diagnose(input, joined(10));
    assert.equal(first.layer, pointwise.name);
    assert.equal(first.cause, 'unevenInputs');
    assert.equal(first.evidence.ratio.toFixed(6), '10.000000');
    assert.equal(first.cost.cause.toFixed(5), (0.01 * (1 - 1 / 100)).toFixed(5));
  });

  it('ranks causes by what they cost in all layers together, then layers', () => {
    const graph = channelTimes(
      channelTimes(healthyGraph(), 'conv', 90, 'depthwise'),
      'pointwise',
      60,
      'logits',
    );
    const { diagnosis } = analyze(graph, convert(graph));
    const costs = diagnosis.map(({ cost }) => cost);
    assert.ok(diagnosis.filter(({ cause }) => cause === 'weightRange').length >= 2);
    costs.slice(1).forEach((cost, index) => {
      const before = costs[index];
      assert.ok(before.cause >= cost.cause);
      assert.ok(before.cause > cost.cause || before.layer >= cost.layer);
    });
    for (const { cause, cost } of diagnosis) {
      const together = diagnosis
        .filter((other) => other.cause === cause)
        .reduce((sum, other) => sum + other.cost.layer, 0);
      assert.ok(Math.abs(cost.cause - together) <= 1e-12 * together);
    }
  });

  it('names an accumulator that comes near the end of int32', () => {
    const { input, layers } = analyze(healthyGraph());
    const [conv, ...others] = layers;
    const accumulator = { biasMax: 2e9, biasChannel: 3, bound: 2.1e9, headroomBits: 0.03 };
    const atRisk = { ...conv, weights: { ...conv.weights!, accumulator } };
    const [finding] = diagnose(input, [atRisk, ...others]);
    assert.deepEqual(
      { layer: finding.layer, cause: finding.cause, evidence: finding.evidence },
      { layer: 'conv', cause: 'overflowRisk', evidence: accumulator },
    );
  });

  describe('knows what tf8 can do for the network', () => {
    const { input, layers } = analyze(healthyGraph());
    const coarse = { onlyWeights: 10, onlyOutput: 10 };
    const batchNorm = { alpha: [1], variance: [1], dead: [], outliers: [] };
    const standard = layers.map((layer) =>
      layer.op === 'depthwiseConv2d'
        ? {
            ...layer,
            weights: { ...layer.weights!, channels: { ...layer.weights!.channels, batchNorm } },
          }
        : layer,
    );
    const networks = {
      'a batch norm after the depthwise': { layers: standard, kind: 'standard' },
      'none, re-architected already': { layers, kind: 'rebuilt' },
      'no depthwise layer': {
        layers: layers.filter(({ op }) => op !== 'depthwiseConv2d'),
        kind: 'other',
      },
    };
    for (const [network, { layers: those, kind }] of Object.entries(networks)) {
      it(network, () => {
        const [conv, ...others] = those;
        const found = diagnose(input, [{ ...conv, logits: coarse }, ...others]);
        assert.deepEqual(
          found.map(({ cause }) => cause),
          ['activationRequantization', 'weightQuantization'],
        );
        assert.deepEqual(
          found.map(({ advice }) => advice),
          [
            { code: 'evenOutputs', network: kind },
            { code: 'evenWeights', network: kind },
          ],
        );
      });
    }
  });

  it('names weights and outputs that are coarse though nothing stretches their range', () => {
    const { input, layers } = analyze(healthyGraph());
    const [conv, ...others] = layers;
    const logits = { onlyWeights: 20, onlyOutput: 21 };
    const found = diagnose(input, [{ ...conv, logits }, ...others]);
    assert.deepEqual(
      found.map(({ layer, cause }) => [layer, cause]),
      [
        ['conv', 'weightQuantization'],
        ['conv', 'activationRequantization'],
      ],
    );
    assert.ok(Math.abs(found[0].cost.layer - 0.01) < 1e-12);
  });
});
