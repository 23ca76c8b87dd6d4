const OPTION = /^--[\w-]+$/;
const EMPTY_OPTION = /^(--[\w-]+)=$/;

/**
 * What is wrong with arguments of which one is empty, as `--seed ""` of a script whose variable is not
 * set: yargs would read 0 or a path of no file. Undefined where none is.
 */
export function emptyArgument(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    const option = EMPTY_OPTION.exec(word)?.[1];
    if (option !== undefined) return `Expected a value after ${option}`;
    if (word !== '') continue;
    const before = argv[index - 1] ?? '';
    return OPTION.test(before)
      ? `Expected a value after ${before}`
      : 'Expected a name or path but received an empty argument';
  }
  return undefined;
}
