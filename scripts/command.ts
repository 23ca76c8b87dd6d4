import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { fitLines } from '../foundation/reporting/fit_lines.ts';
import { lineWidth } from '../foundation/reporting/line_width.ts';
import { CLEAR_LINE } from '../foundation/reporting/progress_bar.ts';
import type { Reporter } from '../foundation/reporting/reporter.ts';
import { visibleLines, visibleMessage, visibleName } from '../foundation/reporting/visible_text.ts';
import type { Inputs } from '../workflows/open/require_inputs.ts';
import type { Outputs } from '../workflows/outputs/require_outputs.ts';
import { withRepeatedOptions } from './list_options.ts';
import { JSON_OUTPUT } from './options.ts';
import { visibleResult } from './visible_result.ts';
import { inFlags } from './wording.ts';

/** Exit status after Ctrl-C, as shells expect it. */
const INTERRUPTED = 130;

/** A subcommand: an options table, one library call, and its result as text. */
export interface Command<Options, Result> {
  readonly command: string;
  readonly describe: string;
  readonly options: (yargs: Argv) => Argv<Options>;
  readonly examples: readonly (readonly [command: string, explanation: string])[];
  /** What `run` reads: it is not called where that is not there. */
  readonly inputs?: (argv: ArgumentsCamelCase<Options>) => Inputs;
  /** What `run` writes: it is not called where something lies in the way. */
  readonly outputs?: (argv: ArgumentsCamelCase<Options>) => Outputs;
  /** Loads its job when it is called: no `--help` and no refusal waits for what they do not need. */
  readonly run: (argv: ArgumentsCamelCase<Options>, context: Context) => Promise<Result>;
  /** What a person reads. */
  readonly show: (result: Result) => string | Promise<string>;
  /** The exit status, where it is not 0. */
  readonly status?: (result: Result) => number;
}

type Exit = (status: number) => void;

/**
 * Makes a command a yargs module: with `--json` the result is printed as one object, else as `show`
 * puts it. The result goes to stdout, everything else to stderr. The first Ctrl-C aborts the
 * context's signal, the second ends the process.
 */
export function defineCommand<Options, Result>(
  command: Command<Options, Result>,
): (exit: Exit) => CommandModule<object, Options & { json: boolean }> {
  return (exit) => ({
    command: command.command,
    describe: command.describe,
    builder: (yargs) => {
      let described = command.options(withRepeatedOptions(yargs)).option('json', JSON_OUTPUT);
      for (const [line, explanation] of command.examples) {
        described = described.example(`tf8 ${line}`, explanation);
      }
      return described as unknown as Argv<Options & { json: boolean }>;
    },
    handler: (argv) => runCommand(command, argv, exit),
  });
}

/** Ctrl-C, a scheduler or a shutdown, a terminal that is closed: work is stored, then the process ends. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function runCommand<Options, Result>(
  command: Command<Options, Result>,
  argv: ArgumentsCamelCase<Options & { json: boolean }>,
  exit: Exit,
): Promise<void> {
  const abort = new AbortController();
  let reporter: Reporter | undefined;
  const interrupt = () => {
    abort.abort();
    if (!process.stderr.isTTY) return;
    // The terminal has written "^C" into the line, and a second one ends the process at once.
    process.stderr.write(CLEAR_LINE);
    reporter?.info('Stopping; Ctrl-C again ends at once.');
    process.once('SIGINT', endNow);
  };
  for (const signal of ENDING) process.once(signal, interrupt);
  try {
    const { terminalReporter } = await import('../foundation/reporting/terminal_reporter.ts');
    reporter = inFlagsReporter(terminalReporter(process.stderr));
    const context = {
      reporter,
      cacheDir: cacheDir(),
      signal: abort.signal,
      wording: inFlags,
    };
    if (command.inputs !== undefined) {
      const { requireInputs } = await import('../workflows/open/require_inputs.ts');
      await requireInputs(command.inputs(argv));
    }
    if (command.outputs !== undefined) {
      const { requireOutputs } = await import('../workflows/outputs/require_outputs.ts');
      await requireOutputs(command.outputs(argv));
    }
    const result = await command.run(argv, context);
    const text = argv.json
      ? jsonOf(result)
      : fitted(inFlags(await command.show(visibleResult(result))));
    process.stdout.write(`${text}\n`);
    exit(abort.signal.aborted ? INTERRUPTED : (command.status?.(result) ?? 0));
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    process.stderr.write('Interrupted.\n');
    exit(INTERRUPTED);
  } finally {
    for (const signal of ENDING) process.removeListener(signal, interrupt);
    process.removeListener('SIGINT', endNow);
  }
}

/** In lines of the terminal's width; a file or another program gets them as they are. */
function fitted(text: string): string {
  return fitLines(text, lineWidth(process.stdout) ?? Infinity);
}

function endNow(): void {
  process.stderr.write(`${CLEAR_LINE}Interrupted.\n`);
  process.exit(INTERRUPTED);
}

/** The result as one object, in whose texts options are flags. What a terminal would act upon is escaped. */
function jsonOf(result: unknown): string {
  return visibleName(
    JSON.stringify(result, (_, value) => (typeof value === 'string' ? inFlags(value) : value)),
  );
}

function inFlagsReporter(reporter: Reporter): Reporter {
  return {
    ...reporter,
    info: (message) => reporter.info(inFlags(visibleLines(message))),
    warn: (message) => reporter.warn(inFlags(visibleMessage(message))),
    start: (label, ...work) => reporter.start(visibleName(label), ...work),
  };
}
