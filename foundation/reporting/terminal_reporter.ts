import cliProgress from 'cli-progress';
import { describeProgress, formatAmount, formatSeconds } from './amounts.ts';
import { RateMeter } from './rate_meter.ts';
import type { Progress, Reporter } from './reporter.ts';

/** Without a terminal, a piece of work speaks after this time, then after twice as long each time … */
const FIRST_LINE_MS = 5_000;
/** … up to once in this time. */
const LINE_EVERY_MS = 60_000;

/** The bar gives way to the text on a narrow terminal. */
const BAR_WIDTH = 20;
/** Of a terminal that does not say. */
const DEFAULT_COLUMNS = 80;

/** A stream that people read: a terminal shows a moving bar, anything else a few plain lines. */
export interface ReporterStream {
  /** Takes text as it is; line ends are in it. */
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/**
 * Reports to `stream`; a command's is standard error, standard output is for results.
 * @param now a clock in milliseconds
 */
export function terminalReporter(
  stream: NodeJS.WriteStream | ReporterStream,
  now: () => number = Date.now,
): Reporter {
  let bar: cliProgress.SingleBar | undefined;
  const say = (line: string) => {
    // The bar is drawn on the cursor's line, and again after its next update.
    stream.write(bar === undefined ? `${line}\n` : `\r\x1b[K${line}\n`);
  };
  return {
    info: say,
    warn: (message) => say(`Warning: ${message}`),
    start(label, total, unit, alreadyDone = 0) {
      const work: Work = { label, total, unit, alreadyDone };
      if (!stream.isTTY || bar !== undefined) return plainProgress(say, now, work);
      bar = createBar(stream as NodeJS.WriteStream);
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

function plainProgress(say: (line: string) => void, now: () => number, work: Work): Progress {
  const { label, unit, alreadyDone } = work;
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
      const text = textOf(work, meter, done);
      say(`${label}: ${detail ? `${text}, ${detail}` : text}`);
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

function textOf({ total, unit }: Work, { recentRate, meanRate }: RateMeter, done: number): string {
  return describeProgress({ done, total, unit, recentRate, meanRate });
}

/** Without what does not fit into a line of a terminal. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

function createBar(stream: NodeJS.WriteStream): cliProgress.SingleBar {
  return new cliProgress.SingleBar(
    {
      stream,
      format: (options, params, payload: { text: string; label: string }) => {
        const columns = stream.columns ?? DEFAULT_COLUMNS;
        const room = columns - payload.label.length - payload.text.length - 2;
        const width = Math.max(0, Math.min(BAR_WIDTH, room));
        const filled = params.total > 0 ? Math.round(Math.min(params.progress, 1) * width) : 0;
        const drawn =
          (options.barCompleteString ?? '').slice(0, filled) +
          (options.barIncompleteString ?? '').slice(0, width - filled);
        const shown = params.total > 0 && width > 0 ? `${drawn} ` : '';
        return cut(`${payload.label} ${shown}${payload.text}`, columns);
      },
      clearOnComplete: true,
      gracefulExit: false, // the command decides what Ctrl-C does
      linewrap: true, // switching it off would outlive a Ctrl-C
      fps: 5,
    },
    cliProgress.Presets.shades_classic,
  );
}

function barProgress(
  bar: cliProgress.SingleBar,
  now: () => number,
  work: Work,
  onEnd: () => void,
): Progress {
  const { label, total, alreadyDone } = work;
  const meter = new RateMeter(now(), alreadyDone);
  // The loss comes first: it is what a narrow terminal still has room for.
  const payload = (done: number, detail?: string) => {
    const text = textOf(work, meter, done);
    return { label, text: detail ? `${detail}, ${text}` : text };
  };
  bar.start(total, alreadyDone, payload(alreadyDone));
  return {
    update(done, detail) {
      meter.update(now(), done);
      bar.update(done, payload(done, detail));
    },
    end() {
      bar.stop();
      onEnd();
    },
  };
}
