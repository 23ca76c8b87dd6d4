import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '../foundation/errors.ts';
import { writeFileAtomic } from '../foundation/files/atomic_file.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { terminalReporter } from '../foundation/reporting/terminal_reporter.ts';
import { isUserError } from '../workflows/user_error.ts';

/**
 * Runs a bench: SIGINT and SIGTERM abort its signal, and an error that the user can mend is printed
 * without a stack trace.
 */
export async function runBench(main: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(new Error('interrupted')));
  }
  try {
    await main(interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) process.exitCode = 130;
    else if (!isUserError(error)) throw error;
    else {
      process.stderr.write(`Error: ${[error.message, error.remedy].filter(Boolean).join('\n')}\n`);
      process.exitCode = 1;
    }
  }
}

/** A bench whose result is a record. */
interface RecordedBench<Values> {
  /** What --help prints. */
  readonly help: string;
  /** The file that --record writes. */
  readonly result: string;
  /** @throws UserError for options that it has not */
  parse(): Values & { readonly help?: boolean; readonly record?: boolean };
  measure(values: Values, context: Context): Promise<object>;
}

/** Runs a bench that prints its record as JSON, and stores it with --record. */
export function runRecordedBench<Values>(bench: RecordedBench<Values>): Promise<void> {
  return runBench(async (signal) => {
    const values = bench.parse();
    if (values.help) {
      process.stdout.write(bench.help);
      return;
    }
    const context = { reporter: terminalReporter(process.stderr), cacheDir: cacheDir(), signal };
    const json = `${JSON.stringify(await bench.measure(values, context), null, 2)}\n`;
    if (values.record) await writeFileAtomic(bench.result, json);
    process.stdout.write(json);
  });
}

/**
 * The value of --imagenet, of a bench that needs it.
 * @throws UserError, with `help` as its remedy, where there is none
 */
export function imagenetFrom(imagenet: string | undefined, help: string): string {
  if (imagenet !== undefined) return imagenet;
  throw new UserError('Expected a folder of ImageNet images but received none', { remedy: help });
}

/**
 * The value of an option that counts things.
 * @throws UserError unless it is an integer from 1
 */
export function countFrom(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UserError(`Expected a number from 1 for ${option} but received "${text}"`);
}

/**
 * The value of an option that gives a model a name.
 * @throws UserError unless it is NAME=MODEL
 */
export function namedModel(option: string, pair: string): { name: string; model: string } {
  const [, name, model] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
  if (name === undefined || model === undefined) {
    throw new UserError(`Expected NAME=MODEL for ${option} but received "${pair}"`);
  }
  return { name, model };
}

/**
 * The values of the options of the command line.
 * @throws UserError, with `help` as its remedy, where they are not of `options`
 */
export function valuesOf<const T extends NonNullable<ParseArgsConfig['options']>>(
  options: T,
  help: string,
) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UserError(messageOf(error), { remedy: help });
  }
}
