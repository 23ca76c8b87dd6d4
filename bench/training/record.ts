import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Environment } from '../../workflows/records/environment.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';

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
  /** A Keras model's step in a `tf.function`, called batch after batch. */
  readonly keras: number;
  /** compiled / keras */
  readonly ratio: number;
  /** `model.fit` on batches in memory. */
  readonly kerasFit: number;
  /** Our whole loop: input, step, metrics, checkpoints. */
  readonly loop?: number;
  /** loop / compiled */
  readonly loopShare?: number;
  /** Share of the loop's time that passed waiting for batches. */
  readonly waitShare?: number;
  /** Slowest and fastest round of each. */
  readonly range: Readonly<Record<string, readonly [number, number]>>;
  /** Largest relative difference between the losses of the three, over steps from the same weights. */
  readonly lossDifference: number;
}

export interface TrainingRecord {
  /** Day of the measurement, ISO 8601. */
  readonly date: string;
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
  const { environment, peer, threads, rounds, secondsPerRound } = record;
  const speed = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  const table = markdownTable(
    ['width, resolution, batch', 'compiled', 'Keras step', 'ratio', 'Keras fit', 'eager'],
    rows.map(({ width, resolution, batch, compiled, keras, ratio, kerasFit, eager }) => [
      `${width}, ${resolution} × ${resolution}, ${batch}`,
      speed(compiled),
      speed(keras),
      ratio.toFixed(2),
      speed(kerasFit),
      speed(eager),
    ]),
    1,
  );
  const loops = rows.flatMap(({ width, resolution, loop, loopShare, waitShare }) =>
    loop === undefined
      ? []
      : `Whole loop (input, step, metrics, checkpoints) at ${width}, ${resolution} × ${resolution}: ${speed(loop)} images/s, ${percent(loopShare!)} of the bare step's rate; ${percent(waitShare!)} of its time it waits for input.`,
  );
  const measured = `Images per second, medians of ${rounds} rounds of ${secondsPerRound} s; eager is our step operation by operation, with libtensorflow's fused batch norms. ${environment.processor}, ${threads} threads, ${environment.backend} and Keras ${peer.keras} on TensorFlow ${peer.tensorflow}, Node ${environment.node}, commit ${environment.commit.slice(0, 10)}, ${record.date}.`;
  return [table, '', ...loops, measured].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Writes `training.json` and `training.md` into `folder`. */
export async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  await writeFileAtomic(join(folder, 'training.json'), `${JSON.stringify(record, null, 2)}\n`);
  await writeFileAtomic(join(folder, 'training.md'), `${trainingTable(record)}\n`);
}
