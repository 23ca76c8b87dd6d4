const UNIT_OF_BYTES = 'bytes';

/** "12.3 MB" for bytes, "12,345" for anything else. */
export function formatAmount(value: number, unit: string): string {
  if (unit !== UNIT_OF_BYTES) return Math.round(value).toLocaleString('en-US');
  return value < 1e6 ? `${(value / 1e3).toFixed(0)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** "8.1 MB/s", "215 images/s", "0.4 steps/s", "1.5 rows/min". */
export function formatRate(perSecond: number, unit: string): string {
  if (unit === UNIT_OF_BYTES) return `${formatAmount(perSecond, unit)}/s`;
  if (perSecond < 0.1) return `${(60 * perSecond).toFixed(1)} ${unit}/min`;
  const small = perSecond < 9.95; // rounds to 10 from there
  return `${small ? perSecond.toFixed(1) : formatAmount(perSecond, unit)} ${unit}/s`;
}

/** "0.713"; one that rounds to 0 from below has no sign. */
export function formatLoss(loss: number): string {
  return (Number(loss.toFixed(3)) + 0).toFixed(3);
}

/** "0:07", "12:03", "1:02:03". */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How far a piece of work is. */
export interface ProgressAmount {
  readonly done: number;
  /** 0 where it is unknown. */
  readonly total: number;
  readonly unit: string;
  /** Units a second of late; 0 where nothing is known yet. */
  readonly recentRate: number;
  /** Units a second since the work began, with all its pauses: what the remaining time is made of. */
  readonly meanRate: number;
}

/** "1,200 of 10,000 images", "1.2 MB of 8.0 MB", "1,200 images" of an unknown total. */
export function amountDone(done: number, total: number, unit: string): string {
  const shown = unit === UNIT_OF_BYTES ? '' : ` ${unit}`;
  const amount = formatAmount(done, unit);
  return total > 0 ? `${amount} of ${formatAmount(total, unit)}${shown}` : `${amount}${shown}`;
}
