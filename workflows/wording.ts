/**
 * How messages of workflows name what their caller can do: as code, in backquotes, an option by its
 * property (`calibrationData`) and a workflow by its call (`train({ variant: 'friendly' })`). A program
 * reads them as they are; the command puts its flags in their place (scripts/wording.ts).
 */

/** Options that messages name. */
export const OPTION_NAMES = [
  'accuracy',
  'batchNorms',
  'batchSize',
  'cache',
  'cacheLimit',
  'calibrationData',
  'calibrationImages',
  'cluster',
  'curve',
  'data',
  'dataset',
  'dampening',
  'eager',
  'format',
  'freezeAfter',
  'fresh',
  'from',
  'imagenet',
  'images',
  'inputRange',
  'keep',
  'layers',
  'learningRate',
  'limit',
  'network',
  'out',
  'outputs',
  'overwrite',
  'perClass',
  'pictures',
  'precision',
  'preprocessing',
  'preset',
  'profile',
  'published',
  'quantizationRecipe',
  'ranges',
  'recipe',
  'recipes',
  'resolution',
  'rank',
  'resume',
  'runsDir',
  'runtime',
  'seed',
  'shard',
  'sessionConfig',
  'squeezeExcite',
  'table',
  'validationImages',
  'variant',
  'widthMultiplier',
  'workers',
  'zeroVariance',
] as const;

export type OptionName = (typeof OPTION_NAMES)[number];

/** Workflows that messages name. */
export const WORKFLOW_NAMES = [
  'analyze',
  'compare',
  'evaluate',
  'fix',
  'pull',
  'quantize',
  'rearchitect',
  'reproduce',
  'train',
] as const;

export type WorkflowName = (typeof WORKFLOW_NAMES)[number];

/** A word in capitals stands for what the caller has: a folder is DIR. */
type OptionValue = string | number | true;

/** An option in a message, by itself or with the value to give it. */
export function option(name: OptionName, value?: OptionValue): string {
  return value === undefined ? `\`${name}\`` : `\`${property(name, value)}\``;
}

/** A workflow in a message, with the options to call it with. */
export function call(
  workflow: WorkflowName,
  options: Readonly<Partial<Record<OptionName | 'model', OptionValue>>> = {},
): string {
  const properties = Object.entries(options).map(([name, value]) => property(name, value));
  const argument = properties.length === 0 ? '' : `{ ${properties.join(', ')} }`;
  return `\`${workflow}(${argument})\``;
}

/**
 * A call that stands by itself, in double backquotes: in the words of the command it is a line that a
 * shell takes. What is undefined is left out.
 */
export function command(
  workflow: WorkflowName,
  options: Readonly<Partial<Record<OptionName | 'model', OptionValue | undefined>>>,
): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return `\`${call(workflow, Object.fromEntries(given))}\``;
}

/** Without the backquotes of a call that stands by itself. */
export function unquoted(command: string): string {
  return command.replaceAll(/^``|``$/g, '');
}

function property(name: string, value: OptionValue): string {
  const isBare = typeof value !== 'string' || /^[A-Z]+$/.test(value);
  return `${name}: ${isBare ? value : quoted(value)}`;
}

/** As code has a string, without backquotes of its own. */
function quoted(value: string): string {
  const escaped = value.replaceAll(/[\\'`]/g, (sign) => (sign === '`' ? '\\x60' : `\\${sign}`));
  return `'${escaped}'`;
}
