import { nearest } from '../foundation/nearest.ts';

/** yargs' complaints in this command's words. `%s` stands for what yargs fills in. */
export const COMPLAINTS = {
  'Unknown command: %s': either('Unknown command or argument: %s'),
  'Did you mean %s?': 'Unknown command. Did you mean "%s"?',
  'Not enough arguments following: %s': 'Expected a value after --%s',
  'Invalid values:': 'Unexpected value',
  'Argument: %s, Given: %s, Choices: %s': 'for --%s: received %s, expected one of %s',
  'Missing required argument: %s': either('Missing required option: %s'),
  'Not enough non-option arguments: got %s, need at least %s': either(
    'Missing argument: received %s, expected at least %s',
  ),
};

/** yargs chooses between one and several. */
function either(text: string): { one: string; other: string } {
  return { one: text, other: text };
}

const UNKNOWN = /^Unknown arguments?: (.+)$/;
const REQUIRED = /^Missing required option: (.+)$/;
const UNEXPECTED = /received "(.*?)", expected one of (.+)$/;
const MISSING = /^Missing argument: received (\d+), expected at least \d+$/;
const QUOTED = /"([^"]*)"/g;
const POSITIONAL = /<(\w+)(?:\.\.)?>/g;

/**
 * A complaint of yargs in one line, with the argument that is missing by its name, or what was probably
 * meant.
 * @param command the command's line, such as "evaluate <model>"; undefined without a command
 * @param options names of the options that the command has
 * @param given the arguments: one that was misspelled is missing under its name
 */
export function explained(
  complaint: string,
  command: string | undefined,
  options: readonly string[],
  given: readonly string[] = [],
): string {
  const line = complaint.replace(/\n\s*/g, ' ');
  const missing = MISSING.exec(line);
  if (missing !== null && command !== undefined) {
    const names = [...command.matchAll(POSITIONAL)].map(([, name]) => name);
    return `Missing argument: ${names.slice(Number(missing[1])).join(', ')}`;
  }
  const required = REQUIRED.exec(line)?.[1].split(', ');
  if (required !== undefined) return requirement(required, options, given);
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

/** Names what is missing, unless an option was given that may be a misspelling of it. */
function requirement(
  required: readonly string[],
  options: readonly string[],
  given: readonly string[],
): string {
  const names = given.map((word) => /^--([\w-]+)/.exec(word)?.[1]);
  for (const name of names) {
    if (name === undefined || options.includes(name)) continue;
    const meant = nearest(name, required) ?? required.find((option) => name.startsWith(option));
    if (meant !== undefined) {
      return `Unknown argument: ${name}. Did you mean --${meant}?`;
    }
  }
  const flags = required.map((option) => `--${option}`).join(', ');
  return `Missing required ${required.length === 1 ? 'option' : 'options'}: ${flags}`;
}

/** yargs names an option that it does not know in both spellings. */
function withoutCamelCase(names: readonly string[]): string[] {
  const camelCase = (name: string) =>
    name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const twice = new Set(names.filter((name) => name.includes('-')).map(camelCase));
  return names.filter((name) => !twice.has(name));
}
