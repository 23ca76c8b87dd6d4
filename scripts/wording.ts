import { OPTION_NAMES, WORKFLOW_NAMES } from '../workflows/wording.ts';

/** A value as code has it: a string, or a word or number. */
const VALUE = String.raw`'(?:[^'\\]|\\.)*'|[\w.-]+`;

const OPTION = new RegExp(`\`(${OPTION_NAMES.join('|')})(?:: (${VALUE}))?\``, 'g');

const CALL = new RegExp(
  `\`(${WORKFLOW_NAMES.join('|')})\\((?:\\{ ((?:\\w+: (?:${VALUE})(?:, )?)*) \\})?\\)\``,
  'g',
);

const PROPERTY = new RegExp(`(\\w+): (${VALUE})`, 'g');

/** What commands take without a flag. */
const POSITIONAL = 'model';

/**
 * A message of a workflow as a user of the command reads it: `calibrationData` is --calibration-data,
 * and `train({ from: MODEL })` is "tf8 train --from MODEL".
 */
export function inFlags(message: string): string {
  return message
    .replaceAll(CALL, (_, workflow: string, properties = '') => {
      const words = [...String(properties).matchAll(PROPERTY)].map(([, name, value]) =>
        name === POSITIONAL ? plain(value) : flag(name, value),
      );
      return `"${['tf8', workflow, ...words].join(' ')}"`;
    })
    .replaceAll(OPTION, (_, name: string, value: string | undefined) => flag(name, value));
}

function flag(name: string, value: string | undefined): string {
  const kebab = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return value === undefined || value === 'true' ? kebab : `${kebab} ${plain(value)}`;
}

/** Without the quotation marks of code. */
function plain(value: string): string {
  if (!value.startsWith("'")) return value;
  return value.slice(1, -1).replaceAll(/\\(x60|.)/g, (_, sign) => (sign === 'x60' ? '`' : sign));
}
