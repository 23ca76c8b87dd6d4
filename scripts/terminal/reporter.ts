import cliProgress from 'cli-progress';
import type { Progress, Reporter } from '../../checkpoints/artifacts/reporter.ts';
import { describeProgress, formatAmount, formatSeconds } from './amounts.ts';

/** Without a terminal, a piece of work speaks after this time, then after twice as long each time … */
const FIRST_LINE_MS = 5_000;
/** … up to once in this time. */
const LINE_EVERY_MS = 60_000;

/** A stream that people read: a terminal shows a moving bar, anything else a few plain lines. */
export interface ReporterStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Reports on standard error; standard output is for results. `now` gives milliseconds. */
export function consoleReporter(
  stream: NodeJS.WriteStream | ReporterStream = process.stderr,
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
    start(label, total, unit) {
      if (!stream.isTTY || bar !== undefined) return plainProgress(say, now, label, total, unit);
      bar = createBar(stream as NodeJS.WriteStream);
      return barProgress(bar, now, label, total, unit, () => {
        bar = undefined;
      });
    },
  };
}

function plainProgress(
  say: (line: string) => void,
  now: () => number,
  label: string,
  total: number,
  unit: string,
): Progress {
  const started = now();
  let spoken = started;
  let pause = FIRST_LINE_MS;
  let done = 0;
  return {
    update(value, detail) {
      done = value;
      if (now() - spoken < pause) return;
      spoken = now();
      pause = Math.min(2 * pause, LINE_EVERY_MS);
      const progress = describeProgress(done, total, unit, (spoken - started) / 1000);
      say(`${label}: ${progress}${detail ? `, ${detail}` : ''}`);
    },
    end() {
      const seconds = (now() - started) / 1000;
      if (spoken === started) return; // too short to speak of
      const units = unit === 'bytes' ? '' : ` ${unit}`;
      say(`${label}: ${formatAmount(done, unit)}${units} in ${formatSeconds(seconds)}`);
    },
  };
}

function createBar(stream: NodeJS.WriteStream): cliProgress.SingleBar {
  return new cliProgress.SingleBar(
    {
      stream,
      format: (options, params, payload: { text: string; label: string }) => {
        const width = 20;
        const filled = params.total > 0 ? Math.round(Math.min(params.progress, 1) * width) : 0;
        const drawn =
          (options.barCompleteString ?? '').slice(0, filled) +
          (options.barIncompleteString ?? '').slice(0, width - filled);
        return `${payload.label} ${params.total > 0 ? `${drawn} ` : ''}${payload.text}`;
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
  label: string,
  total: number,
  unit: string,
  onEnd: () => void,
): Progress {
  const started = now();
  const textOf = (done: number, detail?: string) =>
    describeProgress(done, total, unit, (now() - started) / 1000) + (detail ? `, ${detail}` : '');
  bar.start(total, 0, { label, text: textOf(0) });
  return {
    update: (done, detail) => bar.update(done, { label, text: textOf(done, detail) }),
    end() {
      bar.stop();
      onEnd();
    },
  };
}
