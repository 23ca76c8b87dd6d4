import { setImmediate } from 'node:timers/promises';

/** What one turn of a contestant did. */
export interface Round {
  readonly images: number;
  readonly seconds: number;
}

export interface Contestant<Turn extends Round = Round> {
  readonly name: string;
  /** Works for about `seconds`, one unit of work at least, and is idle afterwards. */
  round(seconds: number): Turn | Promise<Turn>;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Length of one turn. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Called before each round, counted from 1; 0 is the warm-up. */
  readonly onRound?: (round: number) => void;
  /**
   * Called when a contestant fails: it takes no further turn, and none of its turns is kept. Without
   * it, or where it throws, the failure ends the rounds; so does the signal's abortion.
   */
  readonly onFailure?: (name: string, error: unknown) => void;
}

/**
 * Lets contestants take turns: what slows the machine for a while slows all of them. Each round
 * begins with another one. A round before the first, of which nothing is kept, warms them up.
 * @returns the turns of each contestant that did not fail, by its name
 */
export async function takeTurns<Turn extends Round>(
  contestants: readonly Contestant<Turn>[],
  { rounds, seconds, signal, onRound, onFailure }: RoundOptions,
): Promise<Map<string, Turn[]>> {
  const turns = new Map(contestants.map(({ name }) => [name, [] as Turn[]]));
  for (let round = 0; round <= rounds; round++) {
    onRound?.(round);
    for (let place = 0; place < contestants.length; place++) {
      // A turn blocks the event loop: without this no Ctrl-C would ever arrive.
      await setImmediate();
      signal.throwIfAborted();
      const contestant = contestants[(round + place) % contestants.length];
      const ownTurns = turns.get(contestant.name);
      if (ownTurns === undefined) continue;
      try {
        const turn = await contestant.round(seconds);
        if (round > 0) ownTurns.push(turn);
      } catch (error) {
        if (onFailure === undefined || signal.aborted) throw error;
        onFailure(contestant.name, error);
        turns.delete(contestant.name);
      }
    }
  }
  return turns;
}

/** Images per second over several turns. */
export interface Rate {
  readonly median: number;
  readonly slowest: number;
  readonly fastest: number;
}

export function rateOf(turns: readonly Round[]): Rate {
  const rates = turns.map(({ images, seconds }) => images / seconds);
  return {
    median: median(rates),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
  };
}

/** The middle value, or the mean of the two in the middle; `values` holds at least one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
