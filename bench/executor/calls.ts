import type { Contestant, Round } from '../rounds.ts';
import { median } from '../rounds.ts';

/** How a network is called. */
export interface Setting {
  readonly threads: number;
  /** Images of a call. */
  readonly batch: number;
}

/** A turn of calls. */
export interface Calls extends Round {
  readonly latenciesMs: readonly number[];
}

/** A network in somebody's hands, called in one way. */
export interface Caller extends Contestant<Calls> {
  readonly setting: Setting;
  /** Whose it is; `name` tells the setting too. */
  readonly owner: string;
}

/** @param calls calls for some seconds, once at least, and gives the milliseconds of each */
export function caller(
  owner: string,
  setting: Setting,
  calls: (seconds: number) => Promise<readonly number[]>,
): Caller {
  return {
    name: `${owner}, ${settingText(setting)}`,
    owner,
    setting,
    async round(seconds) {
      const latenciesMs = await calls(seconds);
      const total = latenciesMs.reduce((sum, latency) => sum + latency, 0);
      return { images: latenciesMs.length * setting.batch, seconds: total / 1000, latenciesMs };
    },
  };
}

/** "1 thread, batch 16" */
export function settingText({ threads, batch }: Setting): string {
  return `${threads} ${threads === 1 ? 'thread' : 'threads'}, batch ${batch}`;
}

/** Calls for some time, once at least, after one call that is not timed. */
export function timeCalls(call: () => void, seconds: number): readonly number[] {
  call();
  const latenciesMs: number[] = [];
  const begin = performance.now();
  while (latenciesMs.length === 0 || performance.now() - begin < 1000 * seconds) {
    const start = performance.now();
    call();
    latenciesMs.push(performance.now() - start);
  }
  return latenciesMs;
}

/** Over all calls of all turns. */
export function latencyOf(turns: readonly Calls[]): { medianMs: number; fastestMs: number } {
  const all = turns.flatMap(({ latenciesMs }) => latenciesMs);
  return { medianMs: median(all), fastestMs: all.reduce((a, b) => Math.min(a, b)) };
}

/** What a record says of them, in milliseconds. */
export function callFigures(turns: readonly Calls[]): {
  readonly latencyMs: number;
  readonly fastestMs: number;
  readonly calls: number;
} {
  const { medianMs, fastestMs } = latencyOf(turns);
  return {
    latencyMs: Number(medianMs.toFixed(3)),
    fastestMs: Number(fastestMs.toFixed(3)),
    calls: turns.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0),
  };
}
