/**
 * A program: our training steps beside Keras' (bench/training.ts), in a process of their own for the sake of
 * oneDNN, which libtensorflow reads once. Reads one command a line from standard input and answers each
 * with one line of JSON on standard output; ends when the input does. `OwnPeer` tells the commands.
 */
import { createInterface } from 'node:readline';
import { requireTensorFlow } from '../../training/backend.ts';
import { environment } from '../../workflows/records/environment.ts';
import type { Calmness, OwnWay } from '../peers/own_peer.ts';
import type { Contestant } from '../rounds.ts';
import { BareStep } from './bare_step.ts';
import { WholeLoop } from './whole_loop.ts';
import {
  batchesOf,
  calmRecipeOf,
  modelOf,
  recipeOf,
  type WorkloadShape,
  writeBuild,
} from './workload.ts';

interface BuildRequest {
  readonly shape: WorkloadShape;
  readonly folder: string;
  readonly how: Calmness;
}

/** The network that was built last. */
let built: BuildRequest | undefined;
/** What has been asked for of it. */
const contestants = new Map<OwnWay, Contestant & { dispose(): void }>();
/** Nobody aborts it: the bench ends this process. */
const { signal } = new AbortController();

function recipe({ shape, how }: BuildRequest) {
  return how === 'calm' ? calmRecipeOf(shape) : recipeOf(shape);
}

async function create(way: OwnWay, request: BuildRequest) {
  const { shape, folder } = request;
  return way === 'loop'
    ? WholeLoop.create(shape, recipe(request), folder, signal)
    : BareStep.create(way, shape, recipe(request), batchesOf(shape));
}

const COMMANDS: Readonly<Record<string, (parameters: never) => Promise<object>>> = {
  async environment() {
    return environment(backend);
  },
  async build(request: BuildRequest) {
    for (const contestant of contestants.values()) contestant.dispose();
    contestants.clear();
    built = request;
    const { shape, folder } = request;
    const model = modelOf(shape, recipe(request));
    const build = await writeBuild(folder, shape, model, recipe(request), batchesOf(shape));
    model.dispose();
    return build;
  },
  async losses({ way, steps }: { way: 'compiled' | 'eager'; steps: number }) {
    const step = await BareStep.create(way, built!.shape, recipe(built!), batchesOf(built!.shape));
    const losses = step.losses(steps);
    step.dispose();
    return { losses };
  },
  async round({ way, seconds }: { way: OwnWay; seconds: number }) {
    const contestant = contestants.get(way) ?? (await create(way, built!));
    contestants.set(way, contestant);
    return contestant.round(seconds);
  },
};

process.on('SIGINT', () => {}); // Ctrl-C: the bench ends us
// Only answers go to standard output, whatever else a library prints there.
console.log = console.info = console.error;
const backend = await requireTensorFlow('The bench of training');
for await (const line of createInterface({ input: process.stdin })) {
  const { command, arguments: parameters } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await COMMANDS[command](parameters as never))}\n`);
}
// Idle threads must not keep the process.
process.exit(0);
