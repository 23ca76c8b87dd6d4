import { tenth } from '../../charts/format.ts';

/** "23.4 dB"; a tensor that loses nothing and one that is all noise have words of their own. */
export function decibels(db: number): string {
  if (db === Infinity) return 'lossless';
  if (db === -Infinity) return 'no signal';
  return `${tenth(db)} dB`;
}

/** For a plot: rounded, or null where there is no such number, which a line leaves out. */
export function plotted(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}
