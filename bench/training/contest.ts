import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KerasPeer } from '../peers/keras_peer.ts';
import { type Contestant, median, type Round, rateOf, takeTurns } from '../rounds.ts';
import { checkAgreement } from './agreement.ts';
import { BareStep } from './bare_step.ts';
import type { TrainingRow } from './record.ts';
import { type LoopRound, WholeLoop } from './whole_loop.ts';
import { batchesOf, modelOf, recipeOf, type WorkloadShape, writeBuild } from './workload.ts';

export interface ContestOptions {
  readonly keras: KerasPeer;
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
  const { keras, signal, say } = options;
  const folder = join(options.folder, `${shape.width}-${shape.resolution}`);
  await mkdir(folder);
  say('checking that the losses agree');
  const lossDifference = await checkAgreement(shape, keras, folder);
  signal.throwIfAborted();

  const recipe = recipeOf(shape);
  const batches = batchesOf(shape);
  const model = modelOf(shape, recipe);
  await keras.build(await writeBuild(folder, shape, model, recipe, batches));
  model.dispose();
  const compiled = await BareStep.create('compiled', shape, recipe, batches);
  const eager = await BareStep.create('eager', shape, recipe, batches);
  const loop = options.loop ? await WholeLoop.create(shape, recipe, folder, signal) : undefined;
  try {
    const contestants: Contestant<Round | LoopRound>[] = [
      compiled,
      { name: 'keras', round: (seconds) => keras.round('step', seconds) },
      eager,
      { name: 'kerasFit', round: (seconds) => keras.round('fit', seconds) },
      ...(loop ? [loop] : []),
    ];
    const turns = await takeTurns(contestants, {
      ...options,
      onRound: (round) => say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`),
    });
    return rowOf(shape, turns, lossDifference);
  } finally {
    compiled.dispose();
    eager.dispose();
    loop?.dispose();
  }
}

function rowOf(
  { width, resolution, batch, classes }: WorkloadShape,
  turns: ReadonlyMap<string, readonly (Round | LoopRound)[]>,
  lossDifference: number,
): TrainingRow {
  const rates = new Map([...turns].map(([name, rounds]) => [name, rateOf(rounds)]));
  const rate = (name: string) => rates.get(name)!.median;
  const loops = (turns.get('loop') ?? []) as readonly LoopRound[];
  return {
    width,
    resolution,
    batch,
    classes,
    compiled: rounded(rate('compiled'), 1),
    eager: rounded(rate('eager'), 1),
    keras: rounded(rate('keras'), 1),
    ratio: rounded(rate('compiled') / rate('keras'), 3),
    kerasFit: rounded(rate('kerasFit'), 1),
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
