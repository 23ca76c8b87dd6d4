import { formatAmount, formatSeconds, type ProgressAmount } from './amounts.ts';
import { fitLines } from './fit_lines.ts';
import { lineWidth } from './line_width.ts';
import { ProgressBar } from './progress_bar.ts';
import { progressLine, shortLabel } from './progress_line.ts';
import { RateMeter } from './rate_meter.ts';
import type { Progress, Reporter } from './reporter.ts';

/** Without a terminal, a piece of work speaks after this time, then after twice as long each time … */
const FIRST_LINE_MS = 5_000;
/** … up to once in this time. */
const LINE_EVERY_MS = 60_000;

/** A stream that people read: a terminal shows a moving bar, anything else a few plain lines. */
export interface ReporterStream {
  /** Takes text as it is; line ends are in it. */
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Reports to `stream`; a command's is standard error, standard output is for results. Lines are as wide
 * as the terminal at most.
 * @param now a clock in milliseconds
 */
export function terminalReporter(stream: ReporterStream, now: () => number = Date.now): Reporter {
  let bar: ProgressBar | undefined;
  const write = (text: string) => stream.write(text);
  const width = () => lineWidth(stream) ?? Infinity;
  const say = (message: string) => {
    const lines = fitLines(message, width());
    if (bar === undefined) write(`${lines}\n`);
    else bar.writeAbove(lines);
  };
  return {
    info: say,
    warn: (message) => say(`Warning: ${message}`),
    start(label, total, unit, alreadyDone = 0) {
      const work: Work = { label, total, unit, alreadyDone };
      if (!stream.isTTY || bar !== undefined) return plainProgress(say, width, now, work);
      bar = new ProgressBar(write, width, now);
      return barProgress(bar, now, work, () => {
        bar = undefined;
      });
    },
  };
}

interface Work {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
  readonly alreadyDone: number;
}

function plainProgress(
  say: (line: string) => void,
  width: () => number,
  now: () => number,
  work: Work,
): Progress {
  const { unit, alreadyDone } = work;
  const label = shortLabel(work.label, width());
  const started = now();
  const meter = new RateMeter(started, alreadyDone);
  let spoken = started;
  let pause = FIRST_LINE_MS;
  let done = alreadyDone;
  return {
    update(value, detail) {
      const time = now();
      done = value;
      meter.update(time, done);
      if (time - spoken < pause) return;
      spoken = time;
      pause = Math.min(2 * pause, LINE_EVERY_MS);
      const room = width() - label.length - 2;
      say(`${label}: ${progressLine(amountOf(work, meter, done), detail, room)}`);
    },
    end() {
      const seconds = (now() - started) / 1000;
      if (spoken === started) return; // too short to speak of
      const units = unit === 'bytes' ? '' : ` ${unit}`;
      const amount = formatAmount(done - alreadyDone, unit);
      say(`${label}: ${amount}${units} in ${formatSeconds(seconds)}`);
    },
  };
}

function barProgress(bar: ProgressBar, now: () => number, work: Work, onEnd: () => void): Progress {
  const { label, alreadyDone } = work;
  const meter = new RateMeter(now(), alreadyDone);
  bar.update(label, amountOf(work, meter, alreadyDone));
  return {
    update(done, detail) {
      meter.update(now(), done);
      bar.update(label, amountOf(work, meter, done), detail);
    },
    end() {
      bar.clear();
      onEnd();
    },
  };
}

function amountOf({ total, unit }: Work, meter: RateMeter, done: number): ProgressAmount {
  const { recentRate, meanRate } = meter;
  return { done, total, unit, recentRate, meanRate };
}
