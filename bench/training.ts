/**
 * Training steps per second: our compiled step, the same step eager, Keras; on three shapes, in turn,
 * after all three gave the same losses. `npm run bench:training -- --help` lists the options.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../foundation/errors.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import { pythonEnvironment, TENSORFLOW } from '../foundation/python/python_environment.ts';
import { terminalReporter } from '../foundation/reporting/terminal_reporter.ts';
import { requireTensorFlow } from '../training/backend.ts';
import { environment } from '../workflows/records/environment.ts';
import { KerasPeer } from './peers/keras_peer.ts';
import { runBench, valuesOf } from './run_bench.ts';
import { contest } from './training/contest.ts';
import {
  type TrainingRecord,
  type TrainingRow,
  trainingTable,
  writeRecord,
} from './training/record.ts';
import { SHAPES } from './training/workload.ts';

const HELP = `Usage: npm run bench:training [-- OPTIONS]

  --rows 1,3      only these of the ${SHAPES.length} shapes
  --rounds 11     rounds, in each of which everybody takes a turn
  --seconds 2     length of a turn
  --json          prints the figures as JSON
  --record        stores them under bench/results/
`;

const RESULTS = join(import.meta.dirname, 'results');

interface Options {
  readonly rows: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

function optionsFrom(values: { rows?: string; rounds?: string; seconds?: string }): Options {
  const all = SHAPES.map((_, index) => index + 1);
  const rows = values.rows === undefined ? all : values.rows.split(',').map(Number);
  const rounds = Number(values.rounds ?? 11);
  const seconds = Number(values.seconds ?? 2);
  if (rows.some((row) => !all.includes(row))) throw wrong('--rows', `of ${all}`, values.rows);
  if (!(Number.isInteger(rounds) && rounds >= 1)) {
    throw wrong('--rounds', 'from 1', values.rounds);
  }
  if (!(seconds > 0 && seconds < Infinity)) throw wrong('--seconds', 'above 0', values.seconds);
  return { rows, rounds, seconds };
}

function wrong(option: string, expected: string, received: string | undefined): UserError {
  return new UserError(`Expected numbers ${expected} for ${option} but received "${received}"`);
}

/** @param say tells a person what goes on */
async function measure(
  { rows, rounds, seconds }: Options,
  signal: AbortSignal,
  say: (what: string) => void,
): Promise<TrainingRecord> {
  // libtensorflow reads it in both processes, when it makes its pools.
  process.env.TF_NUM_INTRAOP_THREADS ??= `${availableParallelism()}`;
  const python = await pythonEnvironment(TENSORFLOW, {
    cacheDir: cacheDir(),
    reporter: terminalReporter(process.stderr),
    signal,
  });
  const backend = await requireTensorFlow('The bench of training');
  const folder = await mkdtemp(join(tmpdir(), 'tf8-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const keras = new KerasPeer(python, process.env, signal);
  try {
    const measured: TrainingRow[] = [];
    for (const row of rows) {
      const shape = SHAPES[row - 1];
      const { width, resolution, batch } = shape;
      measured.push(
        await contest(shape, {
          keras,
          folder,
          rounds,
          seconds,
          signal,
          loop: row === 1,
          say: (what) => say(`${width}, ${resolution} × ${resolution}, batch ${batch}: ${what}`),
        }),
      );
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      environment: await environment(backend),
      peer: await keras.versions(),
      threads: Number(process.env.TF_NUM_INTRAOP_THREADS),
      rounds,
      secondsPerRound: seconds,
      rows: measured,
    };
  } finally {
    keras.close();
  }
}

function parse() {
  return valuesOf(
    {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'boolean' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

await runBench(async (signal) => {
  const { json, record: store, help, ...values } = parse();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const say = (what: string) => process.stderr.write(`${what}\n`);
  const record = await measure(optionsFrom(values), signal, say);
  if (store) await writeRecord(RESULTS, record);
  process.stdout.write(
    json ? `${JSON.stringify({ rows: record.rows })}\n` : `${trainingTable(record)}\n`,
  );
});
