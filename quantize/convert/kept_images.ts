import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { lastUses } from '../../architectures/graph/last_uses.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { joinFloats } from '../params/join_floats.ts';
import type { CalibrationBatch } from './calibrate.ts';

/** Bytes of the tensors that are held at one time, at most: more images are not kept. */
const BUDGET = 2 ** 30;

/** Of each value, in float and quantized. */
const BYTES_A_VALUE = 5;

/** The first of the calibration images, as many as their tensors fit in memory, layer by layer. */
export class KeptImages {
  private readonly parts: Float32Array[] = [];
  private readonly size: number;
  private readonly most: number;
  private kept = 0;

  constructor(graph: FloatGraph) {
    this.size = elements(graph.input.shape);
    this.most = Math.max(1, Math.floor(BUDGET / (BYTES_A_VALUE * liveValues(graph))));
  }

  get count(): number {
    return this.kept;
  }

  /** The batches as they come, the first images of which are kept. */
  async *of(batches: AsyncIterable<CalibrationBatch>): AsyncIterable<CalibrationBatch> {
    for await (const batch of batches) {
      const count = Math.min(batch.shape[0], this.most - this.kept);
      if (count > 0) this.parts.push(batch.images.slice(0, count * this.size));
      this.kept += Math.max(count, 0);
      yield batch;
    }
  }

  /** [N, H, W, C] float32, in a new array. */
  images(): Float32Array {
    return joinFloats(this.parts);
  }
}

/** The most values of one image that are held at one time. */
function liveValues(graph: FloatGraph): number {
  const { input, nodes } = graph;
  const lastUse = lastUses(nodes);
  const sizeOf = (tensor: string) => elements(shapeIn(graph, tensor));
  let live = sizeOf(input.name);
  let most = live;
  nodes.forEach(({ name, inputs }, index) => {
    live += sizeOf(name);
    most = Math.max(most, live);
    for (const from of new Set(inputs)) if (lastUse.get(from) === index) live -= sizeOf(from);
  });
  return most;
}
