/** An option of a command with what was given for it; undefined where it was left out. */
export type GivenOption = readonly [option: string, value: string | number | undefined];

/** The words of a command line for the options that were given. */
export function optionWords(given: readonly GivenOption[]): string[] {
  return given.flatMap(([option, value]) => (value === undefined ? [] : [`--${option} ${value}`]));
}
