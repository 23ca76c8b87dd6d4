import { OPTION_NAMES, WORKFLOW_NAMES } from '../workflows/wording.ts';

/** A value as code has it: a string, or a word or number. */
const VALUE = String.raw`'(?:[^'\\]|\\.)*'|[\w.-]+`;

const OPTION = new RegExp(`\`(${OPTION_NAMES.join('|')})(?:: (${VALUE}))?\``, 'g');

const CALL = `\`(${WORKFLOW_NAMES.join('|')})\\((?:\\{ ((?:\\w+: (?:${VALUE})(?:, )?)*) \\})?\\)\``;

const ANY_CALL = new RegExp(CALL, 'g');
/** A call that stands by itself. */
const LONE_CALL = new RegExp(`\`${CALL}\``, 'g');

const PROPERTY = new RegExp(`(\\w+): (${VALUE})`, 'g');

/** What commands take without a flag. */
const POSITIONAL = 'model';

/**
 * A message of a workflow as a user of the command reads it: `calibrationData` is --calibration-data,
 * and `train({ from: MODEL })` is "tf8 train --from MODEL". A call in double backquotes becomes a line
 * that a shell takes, without quotation marks.
 */
export function inFlags(message: string): string {
  return message
    .replaceAll(LONE_CALL, (_, workflow: string, properties = '') =>
      commandLine(workflow, properties, inShell),
    )
    .replaceAll(
      ANY_CALL,
      (_, workflow: string, properties = '') => `"${commandLine(workflow, properties)}"`,
    )
    .replaceAll(OPTION, (_, name: string, value: string | undefined) => flag(name, value));
}

function commandLine(workflow: string, properties: string, spelled = asIs): string {
  const words = [...properties.matchAll(PROPERTY)].map(([, name, value]) =>
    name === POSITIONAL ? spelled(plain(value)) : flag(name, value, spelled),
  );
  return ['tf8', workflow, ...words].join(' ');
}

function flag(name: string, value: string | undefined, spelled = asIs): string {
  const kebab = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return value === undefined || value === 'true' ? kebab : `${kebab} ${spelled(plain(value))}`;
}

function asIs(word: string): string {
  return word;
}

/** A word as a POSIX shell takes it. */
export function inShell(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Without the quotation marks of code. */
function plain(value: string): string {
  if (!value.startsWith("'")) return value;
  return value.slice(1, -1).replaceAll(/\\(x60|.)/g, (_, sign) => (sign === 'x60' ? '`' : sign));
}
