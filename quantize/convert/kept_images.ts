import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { elements } from '../../architectures/graph/shape.ts';
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
    const all = new Float32Array(this.kept * this.size);
    this.parts.forEach((part, index) => {
      const before = this.parts.slice(0, index).reduce((sum, { length }) => sum + length, 0);
      all.set(part, before);
    });
    return all;
  }
}

/** The most values of one image that are held at one time. */
function liveValues(graph: FloatGraph): number {
  const { input, nodes } = graph;
  const lastUse = new Map<string, number>();
  nodes.forEach(({ inputs }, index) => {
    for (const name of inputs) lastUse.set(name, index);
  });
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
