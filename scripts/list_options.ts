import type { Argv } from 'yargs';

/**
 * An option that takes a list: `--outputs a,b` as `--outputs a --outputs b`.
 * @param read what the items, which may be empty, become
 */
export function commaList<Value>(read: (items: readonly string[]) => Value) {
  return {
    type: 'string',
    array: true,
    nargs: 1,
    coerce: (texts: readonly string[] | undefined): Value | undefined =>
      isGiven(texts)
        ? read(texts.flatMap((text) => text.split(',')).map((item) => item.trim()))
        : undefined,
  } as const;
}

/**
 * An option whose text is made of parts that come in several options, too.
 * @param read what all parts, with `separator` between those of two options, become
 */
export function joinedText<Value>(separator: string, read: (text: string) => Value) {
  return {
    type: 'string',
    array: true,
    nargs: 1,
    coerce: (texts: readonly string[] | undefined): Value | undefined =>
      isGiven(texts) ? read(texts.join(separator)) : undefined,
  } as const;
}

/** yargs refuses an option without its value, but reads what stands for it before. */
function isGiven(texts: readonly string[] | undefined): texts is readonly string[] {
  return texts?.some((text) => text !== '') ?? false;
}

/** What yargs keeps for itself besides options. */
const OWN_NAMES = ['_', '$0', '--'];

/**
 * Of an option that is given several times and takes one value the last one counts; one that takes a
 * list has the items of all. Before the options are described, since it comes before what reads them.
 */
export function withRepeatedOptions(yargs: Argv): Argv {
  return yargs.middleware((argv) => {
    // The types do not know of it.
    const { array } = (yargs as unknown as { getOptions(): { array: string[] } }).getOptions();
    const lists = [...OWN_NAMES, ...array.flatMap((name) => [name, camelCase(name)])];
    for (const [name, value] of Object.entries(argv)) {
      if (Array.isArray(value) && !lists.includes(name)) argv[name] = value.at(-1);
    }
  }, true);
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
