/**
 * Training steps per second: our compiled step, the same step eager, Keras as it comes and with the other
 * setting of oneDNN; on several shapes, in turn, after all gave the same losses. `npm run bench:training -- --help` lists the options.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../foundation/errors.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import { examineProcessor, type Processor } from '../foundation/processes/processor.ts';
import { pythonEnvironment, TENSORFLOW } from '../foundation/python/python_environment.ts';
import { terminalReporter } from '../foundation/reporting/terminal_reporter.ts';
import { chooseOneDnn, type TrainingJob } from '../training/one_dnn/choose_one_dnn.ts';
import { ONE_DNN_VARIABLE } from '../training/tensorflow_environment.ts';
import type { Environment } from '../workflows/records/environment.ts';
import { processorKind } from '../workflows/records/processor_kind.ts';
import { KerasPeer } from './peers/keras_peer.ts';
import { OwnPeer } from './peers/own_peer.ts';
import { runBench, valuesOf } from './run_bench.ts';
import { temporaryFolder } from './temporary_folder.ts';
import { contest, type KerasPeers } from './training/contest.ts';
import {
  type TrainingRecord,
  type TrainingRow,
  trainingTable,
  writeRecord,
} from './training/record.ts';
import { configOf, SHAPES, type WorkloadShape } from './training/workload.ts';

const HELP = `Usage: npm run bench:training [-- OPTIONS]

  --rows 1,3      only these of the ${SHAPES.length} shapes
  --rounds 11     rounds, in each of which everybody takes a turn
  --seconds 2     length of a turn
  --json          prints the figures as JSON
  --record        stores them under bench/results/, by the kind of the processor
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
  const reporter = terminalReporter(process.stderr);
  const context = { cacheDir: cacheDir(), reporter, signal };
  const python = await pythonEnvironment(TENSORFLOW, context);
  const processor = await examineProcessor();
  const folder = await temporaryFolder();
  const keras = kerasPeers(python, processor, signal);
  try {
    const measured: TrainingRow[] = [];
    let ours: Environment | undefined;
    for (const row of rows) {
      const shape = SHAPES[row - 1];
      const { width, resolution, batch } = shape;
      const oneDnn = await chooseOneDnn(jobOf(shape), context);
      const own = new OwnPeer(oneDnn.on, signal);
      try {
        const { oneDnn: _, ...environment } = await own.environment();
        ours = environment;
        measured.push(
          await contest(shape, {
            own,
            oneDnn,
            keras,
            folder,
            rounds,
            seconds,
            signal,
            loop: row === 1,
            say: (what) => say(`${width}, ${resolution} × ${resolution}, batch ${batch}: ${what}`),
          }),
        );
      } finally {
        own.close();
      }
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      kind: processorKind(processor.features),
      environment: ours!,
      peer: await keras.asItComes.versions(),
      threads: Number(process.env.TF_NUM_INTRAOP_THREADS),
      rounds,
      secondsPerRound: seconds,
      rows: measured,
    };
  } finally {
    keras.asItComes.close();
    keras.other.close();
  }
}

/** TensorFlow takes oneDNN by itself where the processor has AVX-512 VNNI. */
function kerasPeers(python: string, { features }: Processor, signal: AbortSignal): KerasPeers {
  const { [ONE_DNN_VARIABLE]: _, ...environment } = process.env;
  const oneDnnAsItComes = features?.includes('AVX-512 VNNI') ?? false;
  const other = { ...environment, [ONE_DNN_VARIABLE]: oneDnnAsItComes ? '0' : '1' };
  return {
    asItComes: new KerasPeer(python, environment, signal),
    other: new KerasPeer(python, other, signal),
    oneDnnAsItComes,
  };
}

/** A training of hours, for which both settings are tried. */
function jobOf(shape: WorkloadShape): TrainingJob {
  return {
    shape: { config: configOf(shape), batchSize: shape.batch, distilled: false },
    length: { seconds: Infinity },
  };
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
