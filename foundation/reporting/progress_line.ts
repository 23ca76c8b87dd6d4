import { amountDone, formatRate, formatSeconds, type ProgressAmount } from './amounts.ts';

/**
 * How far a piece of work is, in one line of at most `width` characters: what it says of itself first,
 * such as the loss, then its counters. What matters less is left out where there is no room: the loss
 * and the remaining time stay longest.
 * @param detail parts with ", " between them
 */
export function progressLine(
  progress: ProgressAmount,
  detail: string | undefined,
  width: number,
): string {
  const { done, total, unit, recentRate, meanRate } = progress;
  const [first, second, ...others] = detail?.split(', ') ?? [];
  const amount = amountDone(done, total, unit);
  const rate = recentRate > 0 ? formatRate(recentRate, unit) : undefined;
  const left =
    meanRate > 0 && total > done ? `${formatSeconds((total - done) / meanRate)} left` : undefined;
  const byWorth = [first, left, second, ...others.slice(0, -1), amount, rate, others.at(-1)];
  const shown = new Set<string>();
  let room = width + SEPARATOR.length;
  for (const part of byWorth) {
    if (part === undefined || part.length + SEPARATOR.length > room) continue;
    room -= part.length + SEPARATOR.length;
    shown.add(part);
  }
  return [first, second, ...others, amount, rate, left]
    .filter((part) => part !== undefined && shown.has(part))
    .join(SEPARATOR);
}

const SEPARATOR = ', ';

/** Folders of a path. */
const FOLDERS = /\S*\/(?=\S)/g;

/** A label of at most half a line, where the folders of its paths can be left out. */
export function shortLabel(label: string, width: number): string {
  return label.length <= width / 2 ? label : label.replaceAll(FOLDERS, '…/');
}
