import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { type Compile, FloatRunner } from '../../architectures/graph/float_runner.ts';
import { QuantizationError } from '../params/errors.ts';
import { withQuantizationErrors } from './graph_errors.ts';
import { joined, type ObservedRange } from './observed_range.ts';

/** Images in the network's input form; a data set's batches fit. */
export interface CalibrationBatch {
  /** [N, H, W, C] float32 */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

export interface CalibratedRanges {
  /** By tensor name (the node's, or the graph's input). */
  readonly ranges: ReadonlyMap<string, ObservedRange>;
  readonly images: number;
}

export interface CalibrationOptions {
  /** Called after each batch with the number of images so far. */
  readonly onProgress?: ((images: number) => void) | undefined;
  /** Makes the float network faster over many batches; it runs layer by layer unless given. */
  readonly compile?: Compile | undefined;
}

/**
 * Min/max calibration: runs the folded float network on every batch and keeps the extremes of each
 * tensor. Memory is that of one batch.
 * @throws QuantizationError for no images, images of another shape, or a tensor that is not finite
 */
export async function calibrate(
  graph: FloatGraph,
  batches: AsyncIterable<CalibrationBatch>,
  { onProgress, compile }: CalibrationOptions = {},
): Promise<CalibratedRanges> {
  const ranges = new Map<string, ObservedRange>();
  let images = 0;
  const runner = new FloatRunner(graph, compile);
  try {
    for await (const batch of batches) {
      const ofBatch = withQuantizationErrors(() => runner.ranges(batch.images, batch.shape));
      for (const [name, { min, max }] of ofBatch) {
        if (!Number.isFinite(min) || !Number.isFinite(max)) {
          throw new QuantizationError(
            `Expected finite values in ${name} but its range over the calibration images is [${min}, ${max}]`,
            { remedy: 'The float network overflows or holds NaN: check its weights.' },
          );
        }
        const seen = ranges.get(name);
        ranges.set(name, seen === undefined ? { min, max } : joined(seen, { min, max }));
      }
      images += batch.shape[0];
      onProgress?.(images);
    }
  } finally {
    runner.dispose();
  }
  if (images === 0) {
    throw new QuantizationError('Expected at least one calibration image but received none', {
      remedy: 'Calibrate with one image or more that can be read.',
    });
  }
  return { ranges, images };
}
