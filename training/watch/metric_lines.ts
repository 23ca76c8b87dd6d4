import { z } from 'zod';

/** JSON has no NaN and no infinity: it writes them as null. */
const figure = z.union([z.number(), z.null().transform(() => Number.NaN)]);
const count = z.int().min(0);

const stepLine = z.object({
  kind: z.literal('step'),
  /** Steps done. */
  step: count,
  /** Number of steps, up to `step`, that the figures are means of. */
  steps: z.int().min(1),
  /** Cross-entropy without the regularization, in nats. */
  loss: figure,
  /** Percent. */
  accuracy: figure,
  /** Of the last of the steps. */
  learningRate: figure,
  time: z.object({
    imagesPerSecond: figure,
    /** Share of the time that passed waiting for batches, in [0, 1]. */
    waitShare: figure,
    /** Seconds of training so far, those of earlier runs up to their checkpoints included. */
    trainedSeconds: figure,
  }),
});

const epochLine = z.object({
  kind: z.literal('epoch'),
  epoch: count,
  step: count,
  loss: figure,
  accuracy: figure,
  validation: z.object({ loss: figure, top1: figure, top5: figure }).exactOptional(),
  time: z.object({ trainedSeconds: figure }),
});

/** Marks where a resumed run goes on, with the sums of the steps that no step line holds yet. */
const checkpointLine = z.object({
  kind: z.literal('checkpoint'),
  step: count,
  open: z.object({
    steps: count,
    loss: figure,
    accuracy: figure,
    time: z.object({ perImage: figure, waitPerImage: figure }),
  }),
  time: z.object({ trainedSeconds: figure }),
});

/**
 * A line of `metrics.jsonl`. What the clock decides stands under `time`; all else is the same
 * whenever the run is the same.
 */
export const metricLineSchema = z.discriminatedUnion('kind', [stepLine, epochLine, checkpointLine]);

export type MetricLine = z.infer<typeof metricLineSchema>;
export type StepMetrics = z.infer<typeof stepLine>;
export type EpochMetrics = z.infer<typeof epochLine>;

export interface ParsedLines {
  readonly lines: readonly MetricLine[];
  /** Numbers of the lines, from 1, that are not what is written here. */
  readonly damaged: readonly number[];
}

/** Reads the lines of a file; a last one without its end, cut off by a crash, is left out. */
export function parseMetricLines(text: string): ParsedLines {
  const lines: MetricLine[] = [];
  const damaged: number[] = [];
  const complete = text.split('\n').slice(0, -1);
  complete.forEach((line, index) => {
    const parsed = metricLineSchema.safeParse(jsonOf(line));
    if (parsed.success) lines.push(parsed.data);
    else damaged.push(index + 1);
  });
  return { lines, damaged };
}

export function formatMetricLine(line: MetricLine): string {
  return `${JSON.stringify(line)}\n`;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
