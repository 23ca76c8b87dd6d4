import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { joinFloats } from '../params/join_floats.ts';
import type { CalibratedRanges, CalibrationBatch } from './calibrate.ts';
import { withQuantizationErrors } from './graph_errors.ts';
import type { ObservedRange } from './observed_range.ts';

/** Images that are looked at: means over all positions of a layer need no more. */
const IMAGES = 8;

/** What the values of a tensor are like over a few images. */
export interface SampledTensor {
  /** [C] by the last axis. */
  readonly means: Float64Array;
  /** Of the values that are not 0, the part that is less than half a step of the range, in [0, 1]. */
  readonly lostShare: number;
  /** [N, …] of an output of the network. */
  readonly values?: Float32Array;
}

/** The first few of the calibration images, and how the float network's tensors look on them. */
export class CalibrationSample {
  private readonly graph: FloatGraph;
  private readonly parts: CalibrationBatch[] = [];
  private kept = 0;

  constructor(graph: FloatGraph) {
    this.graph = graph;
  }

  /** The batches as they come, the first images of which are kept. */
  async *of(batches: AsyncIterable<CalibrationBatch>): AsyncIterable<CalibrationBatch> {
    for await (const batch of batches) {
      const { images, shape } = batch;
      const count = Math.min(shape[0], IMAGES - this.kept);
      if (count > 0) {
        const size = images.length / shape[0];
        const [, height, width, channels] = shape;
        this.parts.push({
          images: images.slice(0, count * size),
          shape: [count, height, width, channels],
        });
        this.kept += count;
      }
      yield batch;
    }
  }

  get images(): number {
    return this.kept;
  }

  /**
   * By tensor name.
   * @param ranges over all the images, by tensor name
   */
  tensors(ranges: CalibratedRanges['ranges']): ReadonlyMap<string, SampledTensor> {
    const { graph, parts } = this;
    const collected = new Map<string, Collected>();
    const runner = new FloatRunner(graph);
    try {
      for (const { images, shape } of parts) {
        withQuantizationErrors(() =>
          runner.layers(images, shape, (name, values) => {
            const channels = graph.shapes.get(name)!.at(-1)!;
            const tensor =
              collected.get(name) ?? new Collected(channels, halfStep(ranges.get(name)));
            collected.set(name, tensor);
            tensor.add(values, graph.outputs.includes(name));
          }),
        );
      }
    } finally {
      runner.dispose();
    }
    return new Map([...collected].map(([name, tensor]) => [name, tensor.sampled()]));
  }
}

/** Of the 255 steps of a range that holds 0. */
export function halfStep(range: ObservedRange | undefined): number {
  if (range === undefined) return 0;
  return (Math.max(0, range.max) - Math.min(0, range.min)) / 510;
}

class Collected {
  private readonly sums: Float64Array;
  private readonly outputs: Float32Array[] = [];
  private readonly halfStep: number;
  private lost = 0;
  private zeros = 0;
  private count = 0;

  constructor(channels: number, halfStep: number) {
    this.halfStep = halfStep;
    this.sums = new Float64Array(channels);
  }

  add(values: Float32Array, isOutput: boolean): void {
    const { sums, halfStep } = this;
    const channels = sums.length;
    for (let start = 0; start < values.length; start += channels) {
      for (let c = 0; c < channels; c++) {
        const value = values[start + c];
        sums[c] += value;
        if (value === 0) this.zeros++;
        else if (Math.abs(value) < halfStep) this.lost++;
      }
    }
    this.count += values.length;
    if (isOutput) this.outputs.push(values.slice());
  }

  sampled(): SampledTensor {
    const { sums, count, zeros, lost, outputs } = this;
    const positions = count / sums.length;
    const sampled = {
      means: sums.map((sum) => sum / positions),
      lostShare: count === zeros ? 0 : lost / (count - zeros),
    };
    if (outputs.length === 0) return sampled;
    return { ...sampled, values: joinFloats(outputs) };
  }
}
