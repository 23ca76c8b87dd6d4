const UNIT_OF_BYTES = 'bytes';

/** "12.3 MB" for bytes, "12,345" for anything else. */
export function formatAmount(value: number, unit: string): string {
  if (unit !== UNIT_OF_BYTES) return Math.round(value).toLocaleString('en-US');
  return value < 1e6 ? `${(value / 1e3).toFixed(0)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** "8.1 MB/s", "215 images/s", "0.4 steps/s". */
export function formatRate(perSecond: number, unit: string): string {
  if (unit === UNIT_OF_BYTES) return `${formatAmount(perSecond, unit)}/s`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : formatAmount(perSecond, unit)} ${unit}/s`;
}

/** "0:07", "12:03", "1:02:03". */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "1,200 of 10,000 images, 215 images/s, 0:41 left"; a total of 0 means that it is unknown. */
export function describeProgress(
  done: number,
  total: number,
  unit: string,
  elapsedSeconds: number,
): string {
  const shown = unit === UNIT_OF_BYTES ? '' : ` ${unit}`;
  const amount = formatAmount(done, unit);
  const parts = [
    total > 0 ? `${amount} of ${formatAmount(total, unit)}${shown}` : `${amount}${shown}`,
  ];
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  if (rate > 0) {
    parts.push(formatRate(rate, unit));
    if (total > done) parts.push(`${formatSeconds((total - done) / rate)} left`);
  }
  return parts.join(', ');
}
