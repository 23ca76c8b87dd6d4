import type * as tf from '@tensorflow/tfjs';
import { tensor1d } from '@tensorflow/tfjs';
import { UserError } from '../../foundation/errors.ts';
import { firstDifference } from '../../foundation/first_difference.ts';
import { requireTensorFlow } from '../backend.ts';
import { CompiledFunctions, UncompilableError } from '../compile/compile.ts';
import type { GraphSession } from '../compile/session.ts';
import type { Agreement, Team } from '../loop/team.ts';
import { type ClusterAddon, loadClusterAddon } from './addon.ts';
import { allReduce } from './all_reduce.ts';
import { TIMEOUT_SECONDS } from './cluster_defaults.ts';
import { ClusterError } from './cluster_error.ts';
import { ClusterSession } from './cluster_session.ts';
import { configBytes, serverDefBytes } from './configuration.ts';
import { type ClusterPlace, workerName } from './place.ts';
import { waitForWorkers } from './wait_for_workers.ts';

export interface ClusterOptions {
  /**
   * How far workers may be apart, in seconds: a worker that is not there after it ends the step. Worker
   * 0 validates and all compile within it.
   */
  readonly timeoutSeconds?: number | undefined;
  /** Threads of one operation; as many as the machine has unless given. */
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
}

/** Machines do not start at one time, however close their workers are to be later. */
const START_SECONDS = 300;

/** An exchange computes nothing but a sum. */
const EXCHANGE_SECONDS = 5;

/** Of Node's timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Of the sum in a step. */
const STEP_KEY = 1;
/** Of an exchange of N numbers: that many more. */
const EXCHANGE_KEY = 1;

/**
 * The workers of a training, on libtensorflow's distributed runtime: each has a server, a session on it
 * and all weights; sums go around between them. A server listens on all interfaces and asks nobody who
 * he is: networks of clusters are private.
 */
export class Cluster implements Team {
  readonly place: ClusterPlace;
  /** Loads a graph into a session of this worker. */
  readonly session: (savedModel: Uint8Array) => GraphSession;
  private readonly timeoutSeconds: number;
  private readonly functions: CompiledFunctions<'exchange'>;

  private constructor(
    place: ClusterPlace,
    timeoutSeconds: number,
    session: (savedModel: Uint8Array) => GraphSession,
  ) {
    this.place = place;
    this.timeoutSeconds = timeoutSeconds;
    this.session = session;
    const exchange = ({ vector }: tf.NamedTensorMap) => ({
      sum: this.sum(vector as tf.Tensor1D, EXCHANGE_KEY + vector.size),
    });
    this.functions = new CompiledFunctions({ exchange }, { session });
  }

  /**
   * Starts this worker's server, which runs until the process ends, and waits for the others.
   * @throws UserError where the addon or libtensorflow is missing, the port is taken, or a worker does
   *   not answer in time
   */
  static async join(place: ClusterPlace, options: ClusterOptions): Promise<Cluster> {
    const { timeoutSeconds = TIMEOUT_SECONDS, signal } = options;
    await requireTensorFlow('Training by several workers');
    const addon = loadClusterAddon();
    const target = startServer(addon, place, options);
    const config = configBytes(place, options);
    const session = (savedModel: Uint8Array) =>
      new ClusterSession(addon, target, config, savedModel);
    await waitForWorkers(place, Math.max(timeoutSeconds, START_SECONDS), signal);
    return new Cluster(place, timeoutSeconds, session);
  }

  get rank(): number {
    return this.place.rank;
  }

  /** How many there are. */
  get workers(): number {
    return this.place.addresses.length;
  }

  /** Within a compiled function: the sum of the workers' vectors of a step. */
  sumOfStep(vector: tf.Tensor1D): tf.Tensor1D {
    return this.sum(vector, STEP_KEY);
  }

  /**
   * Waits for what all workers do together.
   * @param what "step 3"
   * @param computingSeconds more than a worker computes for it before and after it waits
   * @throws ClusterError where it fails, or does not end
   */
  async together<T>(
    what: string,
    work: () => Promise<T>,
    computingSeconds = this.timeoutSeconds,
  ): Promise<T> {
    try {
      return await within(this.timeoutSeconds + computingSeconds, work());
    } catch (error) {
      if (error instanceof UserError || error instanceof UncompilableError) throw error;
      throw ClusterError.apart(
        `all ${this.workers} workers in ${what}`,
        this.timeoutSeconds,
        error,
      );
    }
  }

  async agree({ stop, seconds }: Agreement): Promise<Agreement> {
    const vector = Float32Array.of(stop ? 1 : 0, this.rank === 0 ? seconds : 0);
    const [stops, agreed] = await this.exchange('an agreement', vector);
    return { stop: stops > 0, seconds: agreed };
  }

  async requireAlike(facts: object): Promise<void> {
    const texts = await this.gather(
      'the comparison of what they begin with',
      JSON.stringify(facts),
    );
    const [first, ...others] = texts.map((text) => JSON.parse(text) as unknown);
    others.forEach((other, n) => {
      const difference = firstDifference(first, other);
      if (difference === undefined) return;
      const { path, a, b } = difference;
      throw new UserError(
        `Expected the same ${path} of all workers but ${workerName(this.place, 0)} has ${a} and ${workerName(this.place, n + 1)} ${b}`,
        {
          remedy:
            'Start all workers with equal options, of one version of tf8, on equal data; to resume, they must see the same `out` folder.',
        },
      );
    });
  }

  /**
   * A text of every worker.
   * @param what is gathered, for errors
   * @returns the texts by rank
   */
  async gather(what: string, text: string): Promise<readonly string[]> {
    const bytes = new TextEncoder().encode(text);
    const lengths = await this.row(what, Float32Array.of(bytes.length));
    const longest = Math.max(...lengths.flatMap((length) => [...length]));
    const padded = new Float32Array(longest);
    padded.set(bytes);
    const rows = await this.row(what, padded);
    return rows.map((row, rank) =>
      new TextDecoder().decode(Uint8Array.from(row.subarray(0, lengths[rank][0]))),
    );
  }

  /** Frees its session; the server stays. */
  dispose(): void {
    this.functions.dispose();
  }

  /** The workers' vectors by rank, all of one length. */
  private async row(what: string, vector: Float32Array): Promise<readonly Float32Array[]> {
    const { length } = vector;
    const all = new Float32Array(this.workers * length);
    all.set(vector, this.rank * length); // Zeros elsewhere: the sum is all of them.
    const sum = await this.exchange(what, all);
    return this.place.addresses.map((_, rank) => sum.subarray(rank * length, (rank + 1) * length));
  }

  /**
   * The sum of the workers' vectors, as long on all.
   * @param what they do by it
   * @throws ClusterError
   */
  async exchange(what: string, values: Float32Array): Promise<Float32Array> {
    const vector = tensor1d(values);
    try {
      const exchange = () => this.functions.callAsync('exchange', { vector });
      const { sum } = await this.together(what, exchange, EXCHANGE_SECONDS);
      const total = Float32Array.from(sum.dataSync());
      sum.dispose();
      return total;
    } finally {
      vector.dispose();
    }
  }

  private sum(vector: tf.Tensor1D, instanceKey: number): tf.Tensor1D {
    const { workers, timeoutSeconds } = this;
    return allReduce(vector, { workers, instanceKey, timeoutSeconds });
  }
}

function startServer(addon: ClusterAddon, place: ClusterPlace, options: ClusterOptions): string {
  try {
    return addon.startServer(serverDefBytes(place, options));
  } catch (error) {
    throw new UserError(
      `Expected a server of ${workerName(place, place.rank)} but: ${(error as Error).message}`,
      { remedy: 'Choose a port that is free on this machine.', cause: error },
    );
  }
}

/**
 * libtensorflow's own timeout begins when a worker has learned from worker 0 who they are: where worker 0
 * is lost before, it waits for ever.
 * @throws Error when the time is over; what is waited for stays as it is then
 */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`libtensorflow still waits for them after ${seconds} s`)),
      Math.min(1000 * seconds, LONGEST_TIMER_MS),
    );
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
