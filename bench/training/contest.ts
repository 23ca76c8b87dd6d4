import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OneDnnChoice } from '../../training/one_dnn/one_dnn_choice.ts';
import type { KerasPeer } from '../peers/keras_peer.ts';
import type { OwnPeer, OwnWay } from '../peers/own_peer.ts';
import { type Contestant, median, type Round, rateOf, takeTurns } from '../rounds.ts';
import { checkAgreement } from './agreement.ts';
import type { TrainingRow } from './record.ts';
import type { LoopRound } from './whole_loop.ts';
import type { WorkloadShape } from './workload.ts';

/** Keras with TensorFlow's own choice of oneDNN, and with the other. */
export interface KerasPeers {
  readonly asItComes: KerasPeer;
  readonly other: KerasPeer;
  /** Whether oneDNN computes in Keras as it comes. */
  readonly oneDnnAsItComes: boolean;
}

export interface ContestOptions {
  readonly own: OwnPeer;
  /** What our process trains with. */
  readonly oneDnn: OneDnnChoice;
  readonly keras: KerasPeers;
  /** For files that Keras reads and that the loop stores. */
  readonly folder: string;
  readonly rounds: number;
  /** Length of one turn. */
  readonly seconds: number;
  /** Whether the whole loop takes part too. */
  readonly loop: boolean;
  readonly signal: AbortSignal;
  readonly say: (what: string) => void;
}

/** Compares on one shape, after checking that all compute the same. */
export async function contest(shape: WorkloadShape, options: ContestOptions): Promise<TrainingRow> {
  const { own, keras, signal, say } = options;
  const folder = join(options.folder, `${shape.width}-${shape.resolution}`);
  await mkdir(folder);
  say('checking that the losses agree');
  const peers = new Map([
    ['keras', keras.asItComes],
    ['kerasOther', keras.other],
  ]);
  const lossDifference = await checkAgreement(shape, own, peers, folder);
  signal.throwIfAborted();

  const build = await own.build(shape, folder, 'timed');
  for (const peer of peers.values()) await peer.build(build);
  const ours = (way: OwnWay): Contestant<Round | LoopRound> => ({
    name: way,
    round: (seconds) => own.round(way, seconds),
  });
  const contestants: Contestant<Round | LoopRound>[] = [
    ours('compiled'),
    { name: 'keras', round: (seconds) => keras.asItComes.round('step', seconds) },
    { name: 'kerasOther', round: (seconds) => keras.other.round('step', seconds) },
    ours('eager'),
    { name: 'kerasFit', round: (seconds) => keras.asItComes.round('fit', seconds) },
    ...(options.loop ? [ours('loop')] : []),
  ];
  const turns = await takeTurns(contestants, {
    ...options,
    onRound: (round) => say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`),
  });
  return rowOf(shape, turns, lossDifference, options);
}

function rowOf(
  { width, resolution, batch, classes }: WorkloadShape,
  turns: ReadonlyMap<string, readonly (Round | LoopRound)[]>,
  lossDifference: number,
  { oneDnn, keras: { oneDnnAsItComes } }: ContestOptions,
): TrainingRow {
  const rates = new Map([...turns].map(([name, rounds]) => [name, rateOf(rounds)]));
  const rate = (name: string) => rates.get(name)!.median;
  const loops = (turns.get('loop') ?? []) as readonly LoopRound[];
  const kerasBest = Math.max(rate('keras'), rate('kerasOther'));
  return {
    width,
    resolution,
    batch,
    classes,
    compiled: rounded(rate('compiled'), 1),
    eager: rounded(rate('eager'), 1),
    keras: rounded(rate('keras'), 1),
    kerasBest: rounded(kerasBest, 1),
    ratio: rounded(rate('compiled') / rate('keras'), 3),
    ratioBest: rounded(rate('compiled') / kerasBest, 3),
    kerasFit: rounded(rate('kerasFit'), 1),
    oneDnn: {
      compiled: oneDnn,
      keras: oneDnnAsItComes,
      kerasBest: (kerasBest === rate('keras')) === oneDnnAsItComes,
    },
    ...(loops.length > 0 && {
      loop: rounded(rate('loop'), 1),
      loopShare: rounded(rate('loop') / rate('compiled'), 3),
      waitShare: rounded(median(loops.map(({ waitShare }) => waitShare)), 3),
    }),
    range: Object.fromEntries(
      [...rates].map(([name, { slowest, fastest }]) => [
        name,
        [rounded(slowest, 1), rounded(fastest, 1)] as const,
      ]),
    ),
    lossDifference,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
