import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '../foundation/errors.ts';
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
