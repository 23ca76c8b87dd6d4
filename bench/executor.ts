/**
 * How long a network takes, MobileNet_v1_1.0_224 unless another is asked for: our kernel tiers beside LiteRT, ONNX Runtime and TensorFlow.js,
 * in turn, after every tier gave the reference's bytes on every layer and every peer the network's
 * logits. `npm run bench:executor -- --help` lists the options.
 */
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { messageOf } from '../foundation/errors.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import { examineProcessor } from '../foundation/processes/processor.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { terminalReporter } from '../foundation/reporting/terminal_reporter.ts';
import { examineTiers } from '../quantize/kernels/select.ts';
import { selectBackend } from '../training/backend.ts';
import { environment } from '../workflows/records/environment.ts';
import { processorKind } from '../workflows/records/processor_kind.ts';
import { type Caller, type Calls, callFigures, type Setting } from './executor/calls.ts';
import { profileLayers } from './executor/layers.ts';
import { preparePeers } from './executor/peers.ts';
import { ratiosOf } from './executor/ratios.ts';
import {
  type ExecutorRecord,
  executorRecordSchema,
  type LeftOut,
  NETWORK,
} from './executor/record.ts';
import { roundedNetworks, timeRoundings } from './executor/roundings.ts';
import { type RoundingsRecord, roundingsRecordSchema } from './executor/roundings_record.ts';
import { roundingsTable } from './executor/roundings_table.ts';
import { executorTables, layerTables } from './executor/tables.ts';
import { COMPARED_IMAGES, checkTiers, SLOW_ROUNDS, tierCallers } from './executor/tiers.ts';
import { prepareWorkload } from './executor/workload.ts';
import { recordFiles, roundingsFiles, writeRecord } from './executor/write_record.ts';
import { takeTurns } from './rounds.ts';
import { countFrom, runBench, valuesOf } from './run_bench.ts';
import { temporaryFolder } from './temporary_folder.ts';

const RESULTS = join(import.meta.dirname, 'results');
const LARGEST_BATCH = 16;
const SECONDS_PER_TURN = 0.1;

const HELP = `Usage: npm run bench:executor [-- OPTIONS]

  --network MODEL   a model, or one of the networks' names: its weights are random where none are
                    published; ${NETWORK} unless given
  --runs 15         rounds, in each of which everybody takes a turn
  --imagenet DIR    photographs to check and to calibrate with
  --no-peers        our own tiers only
  --profiles        instead of all that: our own tiers by each profile of rounding
  --json            prints the figures as JSON
  --record          stores them under bench/results/, by the kind of the processor

Peers are installed in the cache folder when they are first needed: about 2 GB.
`;

interface Options {
  readonly network: string;
  readonly rounds: number;
  readonly imagenet: string | undefined;
  readonly withPeers: boolean;
}

async function measure(options: Options, context: Context): Promise<ExecutorRecord> {
  const { network, rounds, imagenet } = options;
  const { signal, reporter } = context;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  const folder = await temporaryFolder();
  const workload = await prepareWorkload(
    { network, folder, imagenet, count: LARGEST_BATCH },
    context,
  );
  const { tf8, images } = workload;
  const size = images.length / LARGEST_BATCH;

  reporter.info('Comparing our tiers with the reference…');
  const { tiers, leftOut } = checkTiers(tf8, images, examineTiers());
  const settings = settingsOf(availableParallelism());
  const fast = tiers.filter(({ isSlow }) => !isSlow);
  const own = fast.flatMap((tier) => tierCallers(tier, tf8, images, settings));
  const slow = tiers
    .filter(({ isSlow }) => isSlow)
    .flatMap((tier) => tierCallers(tier, tf8, images, settings.slice(0, 1)));

  const peers = await preparePeers(workload, options.withPeers ? settings : [], context);
  const failed: LeftOut[] = [];
  try {
    const turns = await takeTurns([...own, ...peers.callers], {
      rounds,
      seconds: SECONDS_PER_TURN,
      signal,
      onRound: (round) => reporter.info(round === 0 ? 'warming up' : `round ${round} of ${rounds}`),
      onFailure(name, error) {
        if (own.some((caller) => caller.name === name)) throw error;
        failed.push({ name, reason: messageOf(error) });
        reporter.warn(`left out: ${name} (${messageOf(error)})`);
      },
    });
    const slowTurns = await takeTurns(slow, {
      rounds: Math.min(rounds, SLOW_ROUNDS),
      seconds: SECONDS_PER_TURN,
      signal,
    });
    const rows = [
      ...rowsOf([...own, ...slow], new Map([...turns, ...slowTurns])),
      ...rowsOf(peers.callers, turns),
    ];
    return executorRecordSchema.parse({
      ...(await circumstances()),
      network: basename(network),
      ...(workload.hasRandomWeights ? { hasRandomWeights: true } : {}),
      content: workload.content,
      images: LARGEST_BATCH,
      rounds,
      secondsPerTurn: SECONDS_PER_TURN,
      rows,
      ratios: ratiosOf(rows),
      peers: peers.peers.filter(({ name }) => rows.some((row) => row.name === name)),
      leftOut: [...leftOut, ...peers.leftOut, ...failed],
      profiles: fast.flatMap((tier) => profileLayers(tier, tf8, images.subarray(0, size)) ?? []),
    });
  } finally {
    peers.close();
  }
}

async function times(options: Options, context: Context) {
  const record = await measure(options, context);
  const text = `${executorTables(record)}\n\n${layerTables(record)}`;
  return { record, text, files: await recordFiles(record) };
}

async function roundings(options: Options, context: Context) {
  const record = await measureRoundings(options, context);
  return { record, text: roundingsTable(record), files: roundingsFiles(record) };
}

/** Our own tiers by each profile of rounding. */
async function measureRoundings(
  { network, rounds, imagenet }: Omit<Options, 'withPeers'>,
  context: Context,
): Promise<RoundingsRecord> {
  const folder = await temporaryFolder();
  const asked = { network, folder, imagenet, count: COMPARED_IMAGES };
  const { networks, content } = await roundedNetworks(asked, context);
  const timing = { rounds, seconds: SECONDS_PER_TURN };
  const rows = await timeRoundings(networks, examineTiers(), timing, context);
  return roundingsRecordSchema.parse({
    ...(await circumstances()),
    network: basename(network),
    content,
    rounds,
    secondsPerTurn: SECONDS_PER_TURN,
    rows,
  });
}

/** When and where is measured. */
async function circumstances() {
  return {
    date: new Date().toISOString().slice(0, 10),
    kind: processorKind((await examineProcessor()).features),
    environment: await environment(await selectBackend()),
  };
}

/** One image on one thread first. */
function settingsOf(processors: number): readonly Setting[] {
  return [1, 2]
    .filter((threads) => threads <= processors)
    .flatMap((threads) => [1, LARGEST_BATCH].map((batch) => ({ threads, batch })));
}

/** Those of the callers that did not fail. */
function rowsOf(callers: readonly Caller[], turns: ReadonlyMap<string, readonly Calls[]>) {
  return callers.flatMap(({ name, owner, setting }) => {
    const ofCaller = turns.get(name);
    if (ofCaller === undefined) return [];
    return { name: owner, ...setting, ...callFigures(ofCaller) };
  });
}

function parse() {
  return valuesOf(
    {
      network: { type: 'string', default: NETWORK },
      runs: { type: 'string', default: '15' },
      imagenet: { type: 'string' },
      'no-peers': { type: 'boolean', default: false },
      profiles: { type: 'boolean', default: false },
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
  const options = {
    network: values.network,
    rounds: countFrom('--runs', values.runs),
    imagenet: values.imagenet,
    withPeers: !values['no-peers'],
  };
  const context = { reporter: terminalReporter(process.stderr), cacheDir: cacheDir(), signal };
  const { record, text, files } = values.profiles
    ? await roundings(options, context)
    : await times(options, context);
  if (store) await writeRecord(RESULTS, files);
  process.stdout.write(`${json ? JSON.stringify(record) : text}\n`);
});
