import assert from 'node:assert/strict';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import {
  type FloatWeightedNode,
  isWeightedFloat,
} from '../../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import type { Analysis, CausesDb } from '../../../quantize/analyze/analysis.ts';
import {
  isWeighted,
  type Tf8Model,
  tensorSpecs,
  type WeightedNode,
} from '../../../quantize/model/tf8_model.ts';
import type { QuantizationParams } from '../../../quantize/params/quantization.ts';
import { weightScale } from '../../../quantize/params/weight_quantization.ts';
import { selectBackend } from '../../../training/backend.ts';
import {
  analyze,
  changed,
  convert,
  healthyGraph,
  IMAGES,
  inDouble,
  PHOTOGRAPHS,
} from './support.ts';

/**
 * The definitions of quantize/analyze/README.md once more, in double precision and without its code:
 * the float side of the analysis runs in single precision on TensorFlow.js.
 */
class Independent {
  readonly graph: FloatGraph;
  readonly model: Tf8Model;
  private readonly tensors = new Map<string, Float64Array>();

  constructor(graph: FloatGraph, model: Tf8Model) {
    this.graph = graph;
    this.model = model;
    this.tensors.set(graph.input.name, Float64Array.from(PHOTOGRAPHS));
    for (const node of graph.nodes) {
      this.tensors.set(node.name, inDouble(node, this.input(node.inputs[0]), IMAGES));
    }
  }

  causes(index: number): CausesDb {
    const [node, stored] = [this.graph.nodes[index], this.model.nodes[index]];
    const from = node.inputs[0];
    const exact = this.tensors.get(node.name)!;
    const grid = tensorSpecs(this.model).get(from)!.quantization;
    const input = this.input(from);
    const rounded = { ...input, values: input.values.map((x) => nearest(x, grid)) };
    const weighted = isWeightedFloat(node) && isWeighted(stored);
    const own = stored.output.quantization;
    const clamped = exact.map((y) => clamp(y, own));
    return {
      inputQuantization: db(exact, inDouble(node, rounded, IMAGES)),
      weightQuantization: weighted
        ? db(exact, inDouble(dequantized(node, stored, grid), input, IMAGES))
        : Infinity,
      saturation: db(exact, clamped),
      activationRequantization: db(
        exact,
        exact.map((y, i) => y + (nearest(y, own) - clamped[i])),
      ),
      relu6Clipping:
        weighted && node.activation === 'relu6'
          ? db(inDouble(node, input, IMAGES, 'relu'), exact)
          : Infinity,
    };
  }

  private input(name: string) {
    return { values: this.tensors.get(name)!, shape: this.graph.shapes.get(name)! };
  }
}

function dequantized(
  node: FloatWeightedNode,
  { weights, bias }: WeightedNode,
  input: QuantizationParams,
): FloatWeightedNode {
  const { zeroPoint } = weights.quantization;
  const scale = weightScale(weights.quantization, 0);
  return {
    ...node,
    kernel: Float64Array.from(
      weights.data,
      (byte) => scale * (byte - zeroPoint),
    ) as unknown as Float32Array,
    bias: Float64Array.from(
      bias,
      (value) => Math.fround(scale * input.scale) * value,
    ) as unknown as Float32Array,
  };
}

function clamp(y: number, { scale, zeroPoint }: QuantizationParams): number {
  return Math.min(Math.max(y, -scale * zeroPoint), scale * (255 - zeroPoint));
}

/** The real value of the nearest byte; no value of this test lies between two. */
function nearest(y: number, grid: QuantizationParams): number {
  return clamp(grid.scale * Math.round(y / grid.scale), grid);
}

function db(signal: Float64Array, approximation: Float64Array): number {
  const energy = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
  const noise = energy(signal.map((value, i) => value - approximation[i]));
  return noise === 0 ? Infinity : 10 * Math.log10(energy(signal) / noise);
}

/** A network that loses by every cause: values beyond 6, a range that is too narrow. */
function lossyGraph(): FloatGraph {
  const scaled = changed(healthyGraph(), 'conv', ({ kernel }) => ({
    kernel: kernel.map((weight) => 4 * weight),
    activation: 'relu6',
  }));
  return changed(scaled, 'depthwise', () => ({ activation: 'relu6' }));
}

describe('an analysis: the parts add up', () => {
  let independent: Independent;
  let analysis: Analysis;

  before(async () => {
    await selectBackend();
    const graph = lossyGraph();
    const model = convert(graph, (name, { min, max }) => ({
      min,
      max: name === 'pointwise' ? max / 2 : max,
    }));
    independent = new Independent(graph, model);
    const floats = new FloatNodes();
    try {
      analysis = analyze(graph, model, floats);
    } finally {
      floats.dispose();
    }
  });

  it('each cause alone is what double precision makes of its definition, in every layer', () => {
    analysis.layers.forEach(({ name, op, causes }, index) => {
      const expected = independent.causes(index);
      for (const cause of Object.keys(causes) as (keyof CausesDb)[]) {
        const [received, wanted] = [causes[cause], expected[cause]];
        // A pool keeps its input's range: what leaves it was lost before.
        if (op === 'globalAveragePool' && cause === 'saturation') continue;
        assert.ok(
          received === wanted || Math.abs(received - wanted) < 0.01,
          `${cause} of ${name}: ${received} dB, expected ${wanted} dB`,
        );
      }
    });
  });

  it('the test network loses something by every cause', () => {
    for (const cause of Object.keys(analysis.layers[0].causes) as (keyof CausesDb)[]) {
      assert.ok(
        analysis.layers.some(({ causes }) => causes[cause] < 50),
        `nothing is lost by ${cause}`,
      );
    }
  });

  it("the noise of a layer's own causes together is its local noise, within half a decibel", () => {
    for (const { name, causes, local } of analysis.layers) {
      const { relu6Clipping: _, ...ofTf8 } = causes;
      const noise = Object.values(ofTf8).reduce((sum, value) => sum + 10 ** (-value / 10), 0);
      const together = -10 * Math.log10(noise);
      assert.ok(
        Math.abs(together - local.pooledDb) < 0.5,
        `${name}: ${together} dB by cause, ${local.pooledDb} dB local`,
      );
    }
  });
});
