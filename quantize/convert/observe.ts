import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { CalibratedRanges, CalibrationBatch } from './calibrate.ts';
import { withQuantizationErrors } from './graph_errors.ts';
import { type ObservedRange, rangeOf } from './observed_range.ts';
import type { ObserverChoice } from './recipe.ts';
import {
  entropyRange,
  leastSquaresRange,
  percentileRange,
  ValueHistogram,
} from './value_histogram.ts';

/**
 * The ranges of all tensors by an observer that looks at more than the extremes. Images stream through the
 * float network: memory is that of one batch, and of a histogram a tensor.
 * @param extremes by `calibrate`, of the same images
 */
export async function observe(
  graph: FloatGraph,
  choice: ObserverChoice,
  extremes: CalibratedRanges,
  batches: AsyncIterable<CalibrationBatch>,
): Promise<CalibratedRanges> {
  if (choice.observer === 'minMax') return extremes;
  const observers = new Map(
    [...extremes.ranges].map(([name, range]) => [name, observerOf(choice, range)] as const),
  );
  const runner = new FloatRunner(graph);
  try {
    for await (const { images, shape } of batches) {
      withQuantizationErrors(() =>
        runner.layers(images, shape, (name, values) => observers.get(name)!.add(values, shape[0])),
      );
    }
  } finally {
    runner.dispose();
  }
  const ranges = new Map([...observers].map(([name, observer]) => [name, observer.range()]));
  return { ...extremes, ranges };
}

/** Sees a tensor batch by batch. */
interface Observer {
  /** @param values [N, …] */
  add(values: Float32Array, batch: number): void;
  range(): ObservedRange;
}

function observerOf(choice: ObserverChoice, extremes: ObservedRange): Observer {
  if (choice.observer === 'movingAverage') return new MovingAverage(choice.momentum);
  const histogram = new ValueHistogram(extremes);
  const rangeIn = (): ObservedRange => {
    switch (choice.observer) {
      case 'minMax':
        return extremes;
      case 'percentile':
        return percentileRange(histogram, choice.percent);
      case 'mse':
        return leastSquaresRange(histogram);
      case 'entropy':
        return entropyRange(histogram);
    }
  };
  return { add: (values) => histogram.add(values), range: rangeIn };
}

/** Extremes of each image, of which every next one counts by 1 − momentum. */
class MovingAverage implements Observer {
  private readonly momentum: number;
  private average: ObservedRange | undefined;

  constructor(momentum: number) {
    this.momentum = momentum;
  }

  add(values: Float32Array, batch: number): void {
    const size = values.length / batch;
    for (let n = 0; n < batch; n++) {
      const { min, max } = rangeOf(values.subarray(n * size, (n + 1) * size));
      const before = this.average ?? { min, max };
      const mix = (old: number, own: number) => this.momentum * old + (1 - this.momentum) * own;
      this.average = { min: mix(before.min, min), max: mix(before.max, max) };
    }
  }

  range(): ObservedRange {
    return this.average!;
  }
}
