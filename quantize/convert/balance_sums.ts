/** Sums of inputs that are at scales too far apart for eq. 9 in every runtime. */
import { type FloatGraph, floatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { byName } from '../model/by_name.ts';
import { type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { LEAST_RATIO, leastSummandScale } from '../params/addition.ts';
import type { CalibratedRanges } from './calibrate.ts';
import { type ConvertOptions, convertGraph } from './convert_graph.ts';
import type { ObservedRange } from './observed_range.ts';

export interface ConvertedGraph {
  readonly model: Tf8Model;
  /** What it was converted from: the graph, with nodes that requantize. */
  readonly graph: FloatGraph;
  readonly calibration: CalibratedRanges;
}

/**
 * Converts a graph (`convertGraph`). A sum's input at a scale below 2⁻¹⁰ of the sum's is first brought to that:
 * all of it is less than a quarter of a step of the sum, and XNNPACK adds what lies within these bounds.
 * @throws QuantizationError as `convertGraph`
 */
export function convertBalanced(
  graph: FloatGraph,
  calibration: CalibratedRanges,
  options: ConvertOptions,
): ConvertedGraph {
  const model = convertGraph(graph, calibration, options);
  const ranges = tooFine(model, options.rounding);
  if (ranges.size === 0) return { model, graph, calibration };
  const nodes = graph.nodes.flatMap((node): FloatNode[] => {
    const names = node.inputs.map((_, index) => summandName(node.name, index));
    const before = node.inputs.flatMap((input, index): FloatNode[] =>
      ranges.has(names[index]) ? [{ op: 'requantize', name: names[index], inputs: [input] }] : [],
    );
    const inputs = node.inputs.map((input, index) =>
      ranges.has(names[index]) ? names[index] : input,
    );
    return [...before, { ...node, inputs }];
  });
  const balanced = floatGraph({ ...graph, nodes });
  const wider = { ...calibration, ranges: new Map([...calibration.ranges, ...ranges]) };
  return {
    // Notes were given the first time.
    model: convertGraph(balanced, wider, { ...options, onNote: undefined }),
    graph: balanced,
    calibration: wider,
  };
}

function summandName(sum: string, index: number): string {
  return `${sum}/input_${index}`;
}

/** The ranges that such inputs get, by the names of their nodes. */
function tooFine(
  model: Tf8Model,
  rounding: ConvertOptions['rounding'],
): Map<string, ObservedRange> {
  const specs = tensorSpecs(model);
  const ranges = new Map<string, ObservedRange>();
  for (const node of model.nodes) {
    if (node.op !== 'add' && node.op !== 'subtract') continue;
    const sum = node.output.quantization.scale;
    const least = rounding === 'power-of-two' ? sum * LEAST_RATIO : leastSummandScale(sum);
    for (const [index, input] of node.inputs.entries()) {
      const { scale, zeroPoint } = byName(specs, input).quantization;
      if (scale >= least) continue;
      const range = { min: -zeroPoint * least, max: (255 - zeroPoint) * least };
      ranges.set(summandName(node.name, index), range);
    }
  }
  return ranges;
}
