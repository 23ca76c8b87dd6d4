import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { OneDnnChoice } from '../../training/one_dnn/one_dnn_choice.ts';
import type { Environment } from '../../workflows/records/environment.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { PROCESSOR_KINDS, type ProcessorKind } from '../../workflows/records/processor_kind.ts';

/** Images per second, medians over the rounds. */
export interface TrainingRow {
  readonly width: number;
  readonly resolution: number;
  readonly batch: number;
  readonly classes: number;
  /** Our compiled step, called batch after batch. */
  readonly compiled: number;
  /** The same step, operation by operation. */
  readonly eager: number;
  /** A Keras model's step in a `tf.function`, called batch after batch; TensorFlow as it comes. */
  readonly keras: number;
  /** The same with oneDNN or without, the better; records of before November 30, 2026 lack it. */
  readonly kerasBest?: number;
  /** compiled / keras */
  readonly ratio: number;
  /** compiled / kerasBest */
  readonly ratioBest?: number;
  /** `model.fit` on batches in memory; TensorFlow as it comes. */
  readonly kerasFit: number;
  /** Whether oneDNN computes: ours, and why; Keras as it comes; the better Keras. */
  readonly oneDnn?: {
    readonly compiled: OneDnnChoice;
    readonly keras: boolean;
    readonly kerasBest: boolean;
  };
  /** Our whole loop: input, step, metrics, checkpoints. */
  readonly loop?: number;
  /** loop / compiled */
  readonly loopShare?: number;
  /** Share of the loop's time that passed waiting for batches. */
  readonly waitShare?: number;
  /** Slowest and fastest round of each. */
  readonly range: Readonly<Record<string, readonly [number, number]>>;
  /** Largest relative difference between everybody's losses, over steps from the same weights. */
  readonly lossDifference: number;
}

export interface TrainingRecord {
  /** Day of the measurement, ISO 8601. */
  readonly date: string;
  /** Of the processor: records of several kinds are kept. */
  readonly kind: ProcessorKind;
  readonly environment: Environment;
  /** Versions of the peer. */
  readonly peer: Readonly<Record<string, string>>;
  /** Of libtensorflow, on both sides. */
  readonly threads: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly rows: readonly TrainingRow[];
}

/** The rows for people, and what they were measured with. */
export function trainingTable({ rows, ...record }: TrainingRecord): string {
  const { kind, environment, peer, threads, rounds, secondsPerRound } = record;
  const speed = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  const table = markdownTable(
    [
      'width, resolution, batch',
      'compiled',
      'Keras step',
      'ratio',
      "Keras' best",
      'ratio',
      'Keras fit',
      'eager',
      'oneDNN: ours',
      'Keras',
      "Keras' best",
    ],
    rows.map((row) => [
      `${row.width}, ${row.resolution} × ${row.resolution}, ${row.batch}`,
      speed(row.compiled),
      speed(row.keras),
      row.ratio.toFixed(2),
      row.kerasBest === undefined ? '–' : speed(row.kerasBest),
      row.ratioBest?.toFixed(2) ?? '–',
      speed(row.kerasFit),
      speed(row.eager),
      ...(row.oneDnn === undefined
        ? ['–', '–', '–']
        : [row.oneDnn.compiled.on, row.oneDnn.keras, row.oneDnn.kerasBest].map(onOrOff)),
    ]),
    1,
  );
  const loops = rows.flatMap(({ width, resolution, loop, loopShare, waitShare }) =>
    loop === undefined
      ? []
      : `Whole loop (input, step, metrics, checkpoints) at ${width}, ${resolution} × ${resolution}: ${speed(loop)} images/s, ${percent(loopShare!)} of the bare step's rate; ${percent(waitShare!)} of its time it waits for input.`,
  );
  const measured = `Images per second, medians of ${rounds} rounds of ${secondsPerRound} s; eager is our step operation by operation, with libtensorflow's fused batch norms; Keras is as it comes, its best with oneDNN or without. ${environment.processor} (${PROCESSOR_KINDS[kind]}), ${threads} threads, ${environment.backend} and Keras ${peer.keras} on TensorFlow ${peer.tensorflow}, Node ${environment.node}, commit ${environment.commit.slice(0, 10)}, ${record.date}.`;
  return [table, '', ...loops, measured].join('\n');
}

function onOrOff(on: boolean): string {
  return on ? 'on' : 'off';
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/**
 * Writes `training-<kind>.json` and its table into `folder`, with the processor's kind; those of other
 * kinds stay.
 */
export async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  await writeFileAtomic(
    join(folder, `training-${record.kind}.json`),
    `${JSON.stringify(record, null, 2)}\n`,
  );
  await writeFileAtomic(join(folder, `training-${record.kind}.md`), `${trainingTable(record)}\n`);
}
