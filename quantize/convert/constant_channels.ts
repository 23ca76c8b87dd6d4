import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { CalibrationBatch } from './calibrate.ts';
import { withQuantizationErrors } from './graph_errors.ts';

/** A channel whose values differ by less than this part of its tensor's range is constant: a 16th of a byte's step. */
const TOLERANCE = 1 / (16 * 255);

/**
 * The channels that are constant over the images of each tensor that a layer with weights reads: [C], NaN where
 * they vary. Images stream through the float network.
 */
export async function constantChannels(
  graph: FloatGraph,
  batches: AsyncIterable<CalibrationBatch>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const read = graph.nodes.filter(isWeightedFloat).map(({ inputs }) => inputs[0]);
  const extremes = new Map(
    read.map((name) => [name, new ChannelExtremes(shapeIn(graph, name).at(-1)!)] as const),
  );
  const runner = new FloatRunner(graph);
  try {
    for await (const { images, shape } of batches) {
      withQuantizationErrors(() =>
        runner.layers(images, shape, (name, values) => extremes.get(name)?.add(values)),
      );
    }
  } finally {
    runner.dispose();
  }
  return new Map([...extremes].map(([name, channels]) => [name, channels.constants()]));
}

class ChannelExtremes {
  private readonly minima: Float32Array;
  private readonly maxima: Float32Array;

  constructor(channels: number) {
    this.minima = new Float32Array(channels).fill(Infinity);
    this.maxima = new Float32Array(channels).fill(-Infinity);
  }

  add(values: Float32Array): void {
    const { minima, maxima } = this;
    const channels = minima.length;
    for (let start = 0; start < values.length; start += channels) {
      for (let c = 0; c < channels; c++) {
        const value = values[start + c];
        if (value < minima[c]) minima[c] = value;
        if (value > maxima[c]) maxima[c] = value;
      }
    }
  }

  constants(): Float32Array {
    const { minima, maxima } = this;
    const width = Math.max(0, ...maxima) - Math.min(0, ...minima);
    return minima.map((min, c) => {
      const isConstant = maxima[c] - min <= TOLERANCE * width;
      return isConstant ? (min + maxima[c]) / 2 : Number.NaN;
    });
  }
}
