import { nearest } from '../foundation/nearest.ts';

/** yargs' complaints in this command's words. `%s` stands for what yargs fills in. */
export const COMPLAINTS = {
  'Unknown command: %s': either('Unknown command or argument: %s'),
  'Did you mean %s?': 'Unknown command. Did you mean "%s"?',
  'Not enough arguments following: %s': 'Expected a value after --%s',
  'Invalid values:': 'Unexpected value',
  'Argument: %s, Given: %s, Choices: %s': 'for --%s: received %s, expected one of %s',
  'Missing required argument: %s': either('Missing required option: --%s'),
  'Not enough non-option arguments: got %s, need at least %s': either(
    'Missing argument: received %s, expected at least %s',
  ),
};

/** yargs chooses between one and several. */
function either(text: string): { one: string; other: string } {
  return { one: text, other: text };
}

const UNKNOWN = /^Unknown arguments?: (.+)$/;
const UNEXPECTED = /received "(.*?)", expected one of (.+)$/;
const MISSING = /^Missing argument: received (\d+), expected at least \d+$/;
const QUOTED = /"([^"]*)"/g;
const POSITIONAL = /<(\w+)>/g;

/**
 * A complaint of yargs in one line, with the argument that is missing by its name, or what was probably
 * meant.
 * @param command the command's line, such as "evaluate <model>"; undefined without a command
 * @param options names of the options that the command has
 */
export function explained(
  complaint: string,
  command: string | undefined,
  options: readonly string[],
): string {
  const line = complaint.replace(/\n\s*/g, ' ');
  const missing = MISSING.exec(line);
  if (missing !== null && command !== undefined) {
    const names = [...command.matchAll(POSITIONAL)].map(([, name]) => name);
    return `Missing argument: ${names.slice(Number(missing[1])).join(', ')}`;
  }
  const unknown = UNKNOWN.exec(line)?.[1];
  if (unknown !== undefined) {
    const names = withoutCamelCase(unknown.split(', '));
    const meant = names.length === 1 ? nearest(names[0], options) : undefined;
    const title = `Unknown ${names.length === 1 ? 'argument' : 'arguments'}: ${names.join(', ')}`;
    return meant === undefined ? title : `${title}. Did you mean --${meant}?`;
  }
  const unexpected = UNEXPECTED.exec(line);
  if (unexpected === null) return line;
  const [, received, choices] = unexpected;
  const meant = nearest(
    received,
    [...choices.matchAll(QUOTED)].map(([, choice]) => choice),
  );
  return meant === undefined ? line : `${line}. Did you mean "${meant}"?`;
}

/** yargs names an option that it does not know in both spellings. */
function withoutCamelCase(names: readonly string[]): string[] {
  const camelCase = (name: string) =>
    name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const twice = new Set(names.filter((name) => name.includes('-')).map(camelCase));
  return names.filter((name) => !twice.has(name));
}
