import type { StepMetrics } from '../../training/watch/metric_lines.ts';

/** One point of a training curve. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
}

/** As many as can be told apart on a figure some 600 pixels wide. */
const MAX_POINTS = 300;

/** Share of the curve that one point of the smoothed curve is made of. */
const SMOOTHED_SHARE = 1 / 20;

/** The metrics in at most 300 points, each the mean of equally many lines (the last of fewer). */
export function curvePoints(metrics: readonly StepMetrics[]): readonly CurvePoint[] {
  const size = Math.ceil(metrics.length / MAX_POINTS);
  const points: CurvePoint[] = [];
  for (let start = 0; start < metrics.length; start += size) {
    points.push(meanOf(metrics.slice(start, start + size)));
  }
  return points;
}

/**
 * Loss and accuracy smoothed by local linear regression over a twentieth of the curve: a centred
 * moving average that stays unbiased on a slope where it meets the curve's ends.
 */
export function smoothed(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const reach = Math.round((points.length * SMOOTHED_SHARE) / 2);
  return points.map((point, at) => {
    const near = points.slice(Math.max(0, at - reach), at + reach + 1);
    return {
      ...point,
      loss: fitAt(
        point.step,
        near.map(({ step, loss }) => [step, loss]),
      ),
      accuracy: fitAt(
        point.step,
        near.map(({ step, accuracy }) => [step, accuracy]),
      ),
    };
  });
}

/** The means of neighbouring lines, at the step where the last of them ends. */
function meanOf(parts: readonly StepMetrics[]): CurvePoint {
  const sum = { steps: 0, loss: 0, accuracy: 0 };
  for (const { steps, loss, accuracy } of parts) {
    sum.steps += steps;
    sum.loss += steps * loss;
    sum.accuracy += steps * accuracy;
  }
  const { step, learningRate } = parts.at(-1)!;
  return { step, loss: sum.loss / sum.steps, accuracy: sum.accuracy / sum.steps, learningRate };
}

/** The least-squares line through points (x, y), at `x`; their mean where all have one x. */
function fitAt(x: number, points: readonly (readonly [number, number])[]): number {
  const mean = [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / points.length);
  const [meanX, meanY] = mean as [number, number];
  const covariance = points.reduce((sum, [px, py]) => sum + (px - meanX) * (py - meanY), 0);
  const variance = points.reduce((sum, [px]) => sum + (px - meanX) ** 2, 0);
  return variance === 0 ? meanY : meanY + (covariance / variance) * (x - meanX);
}
